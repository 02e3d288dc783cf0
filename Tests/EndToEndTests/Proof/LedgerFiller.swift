import Basics
import Foundation
import JSON
import Salesforce
import Testbed
import Testing

/// Writes orders of earlier days into the ledger, as the programs leave them.
final class LedgerFiller {
    private let harness: EndToEndHarness
    /// The item that the others are copies of: an order that was provisioned, in DynamoDB's JSON.
    private let provisioned: [String: JSON]
    private var count = 0

    init(_ harness: EndToEndHarness) throws {
        self.harness = harness
        let (order, _) = harness.newOrder()
        try harness.fulfill(order)
        try harness.wait(order)
        let key: JSON = ["pk": ["S": .string("order#\(order)")]]
        let answer = try harness.dynamoDB.call(
            "GetItem", ["TableName": .string(harness.testbed.resources.table), "Key": key])
        provisioned = try #require(answer["Item"]?.object)
    }

    /// Adds orders. Of a hundred, 98 are Provisioned, one is Failed, and one is open and due tomorrow.
    func add(_ number: Int) throws {
        try write(
            (0..<number).map { place in
                switch place % 100 {
                case 98: item(nextID(), with: ["status": "Failed", "errorCode": "CLIENT_CLOSED"])
                case 99: open(nextID(), dueAt: Timestamp.now() + 86_400_000, isPlanned: true)
                default: item(nextID())
                }
            })
    }

    /// Adds orders that have been due for an hour. Every second one was never published; the runs of the others died.
    ///
    /// - Returns: their ids.
    func addDue(_ number: Int) throws -> [String] {
        let ids = (0..<number).map { _ in nextID() }
        let since = Timestamp.now() - 3_600_000
        try write(ids.enumerated().map { open($1, dueAt: since + $0, isPlanned: $0 % 2 == 1) })
        return ids
    }

    /// Adds an order of Salesforce that was accepted and never published.
    func addDue(_ order: String) throws {
        try write([open(order, dueAt: Timestamp.now() - 1, isPlanned: false)])
    }

    /// Marks the orders as Provisioned.
    func settle(_ orders: [String]) throws {
        try write(orders.map { item($0) })
    }

    private func nextID() -> String {
        count += 1
        return RecordID("801Gr0" + String(1_000_000_000 + count).dropFirst())?.text ?? ""
    }

    private func item(_ id: String, with changes: [String: JSON] = [:]) -> [String: JSON] {
        let changes = changes.merging(["pk": .string("order#\(id)")]) { $1 }
        return provisioned.merging(
            changes.mapValues { value in
                if case .number = value { ["N": .string(value.stringOrNumber ?? "")] } else { ["S": value] }
            }
        ) { $1 }
    }

    private func open(_ id: String, dueAt: Timestamp, isPlanned: Bool) -> [String: JSON] {
        let item = item(
            id,
            with: [
                "status": isPlanned ? "Activating" : "Accepted", "open": "1", "dueAt": .milliseconds(dueAt),
                "step": "mapping", "leaseOwner": "a run that died", "leaseUntil": .milliseconds(dueAt),
            ])
        let kept = ["pk", "status", "attempt", "open", "dueAt", "correlationId", "history", "requestedAt", "updatedAt"]
        let ofPlanned = ["tries", "plan", "step", "leaseOwner", "leaseUntil"]
        return item.filter { kept.contains($0.key) || isPlanned && ofPlanned.contains($0.key) }
    }

    private func write(_ items: [[String: JSON]]) throws {
        let table = harness.testbed.resources.table
        // DynamoDB takes 25 items a call ("BatchWriteItem").
        let unwritten = Parallel.share(items.chunks(of: 25), among: [1, 2]) { [harness] batch, _ in
            let puts = batch.map { JSON.object(["PutRequest": ["Item": .object($0)]]) }
            let answer = try? harness.dynamoDB.call("BatchWriteItem", ["RequestItems": .object([table: .array(puts)])])
            return answer?["UnprocessedItems"]?.object?.count ?? 1
        }
        try #require(unwritten.allSatisfy { $0 == 0 }, "the ledger did not take all orders")
    }
}
