import AWS
import Basics
import Foundation
import JSON
import Salesforce
import Testbed
import Testing

/// Orders of earlier days: written into the ledger past the programs, as the programs would have left them.
final class Filling {
    private let world: World
    /// An order that was provisioned, whose copies the others are; its attributes in DynamoDB's own form.
    private let provisioned: [String: JSON]
    private var count = 0

    init(_ world: World) throws {
        self.world = world
        let (order, _) = world.newOrder()
        try world.click(order)
        try world.wait(order)
        let key: JSON = ["pk": ["S": .string("order#\(order)")]]
        let answer = try world.dynamoDB.call(
            "GetItem", ["TableName": .string(world.stack.resources.table), "Key": key])
        provisioned = try #require(answer["Item"]?.object)
    }

    /// Of a hundred 98 are Provisioned, one is Failed, and one is open and due tomorrow.
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

    /// Adds orders that have been due for an hour: every other one was never announced, the rest died on their way.
    ///
    /// - Returns: their ids.
    func addDue(_ number: Int) throws -> [String] {
        let ids = (0..<number).map { _ in nextID() }
        let since = Timestamp.now() - 3_600_000
        try write(ids.enumerated().map { open($1, dueAt: since + $0, isPlanned: $0 % 2 == 1) })
        return ids
    }

    /// Adds an order of Salesforce's that was accepted and never announced.
    func addDue(_ order: String) throws {
        try write([open(order, dueAt: Timestamp.now() - 1, isPlanned: false)])
    }

    /// Ends the orders, which is what provision-order does in the long run.
    func end(_ orders: [String]) throws {
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
        let kept = ["pk", "status", "attempt", "open", "dueAt", "correlationId", "history", "updatedAt"]
        let ofPlanned = ["tries", "plan", "step", "leaseOwner", "leaseUntil"]
        return item.filter { kept.contains($0.key) || isPlanned && ofPlanned.contains($0.key) }
    }

    /// 25 is what DynamoDB takes at once ("BatchWriteItem").
    private func write(_ items: [[String: JSON]]) throws {
        let table = world.stack.resources.table
        let left = Parallel.share(items.chunks(of: 25), among: [1, 2]) { [world] batch, _ in
            let puts = batch.map { JSON.object(["PutRequest": ["Item": .object($0)]]) }
            let answer = try? world.dynamoDB.call("BatchWriteItem", ["RequestItems": .object([table: .array(puts)])])
            return answer?["UnprocessedItems"]?.object?.count ?? 1
        }
        try #require(left.allSatisfy { $0 == 0 }, "the ledger did not take all orders")
    }
}

extension World {
    var dynamoDB: AWSService {
        AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0",
            account: Account(stack.environment), http: http)
    }

    /// From now on events on the order bus are kept from provision-order.
    func holdEvents() throws {
        let events = AWSService(
            name: "events", identifier: "EVENTBRIDGE", target: "AWSEvents", version: "1.1",
            account: Account(stack.environment), http: http)
        let bus: [String: JSON] = ["EventBusName": .string(stack.resources.eventBus)]
        let taps = try stack.function("provision-order").definition.taps.map(\.rule)
        let rules = try events.call("ListRules", .object(bus))["Rules"]?.array ?? []
        for name in rules.compactMap({ $0["Name"] }) where taps.contains(name.string ?? "") {
            let rule = bus.merging(["Rule": name]) { $1 }
            let targets = try events.call("ListTargetsByRule", .object(rule))["Targets"]?.array ?? []
            let ids = JSON.array(targets.compactMap { $0["Id"] })
            _ = try events.call("RemoveTargets", .object(rule.merging(["Ids": ids]) { $1 }))
        }
    }
}
