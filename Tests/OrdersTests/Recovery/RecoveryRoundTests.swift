import Basics
import HTTP
import JSON
import Salesforce
import TestSupport
import Testing

@testable import AWS
@testable import Orders

/// Rounds with more orders than one page of the index, or than one invocation has time for.
@Suite struct RecoveryRoundTests {
    /// More than a page of the index.
    private static let count = 280

    private let harness: ProvisioningHarness
    /// The orders in the events that the bus accepted.
    private let published = Recorder<String>()

    init() throws {
        harness = try ProvisioningHarness()
        harness.network.after = { [published] request, answer in
            guard request.action == "PutEvents", case .success(let response) = answer, response.status == 200
            else { return answer }
            for entry in JSON(request.body)?["Entries"]?.array ?? [] {
                let detail = JSON(Array((entry["Detail"]?.string ?? "").utf8))
                published.append(detail?["orderId"]?.string ?? "")
            }
            return answer
        }
    }

    /// Enters so many due orders, a batch at a time: moto takes 5 ms for a write.
    ///
    /// - Returns: their ids, the longest due first.
    private func enterOrders(_ count: Int = count) throws -> [String] {
        let ids = (0..<count).map { "801Dn0000015" + String(1000 + $0).dropFirst() }.compactMap { RecordID($0) }
        let puts = ids.enumerated().map { number, id in
            let item: JSON = [
                "pk": .string(ItemKey.order(id)), "status": "Accepted", "open": "1", "dueAt": .number(1000 + number),
            ]
            return JSON.object(["PutRequest": ["Item": attribute(of: item)["M"] ?? .null]])
        }
        let dynamoDB = AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0",
            account: harness.aws.account, http: .live())
        for batch in puts.chunks(of: 25) {
            _ = try dynamoDB.call("BatchWriteItem", ["RequestItems": .object([harness.aws.table: .array(batch)])])
        }
        return ids.map(\.text)
    }

    private func count(_ action: String) -> Int { harness.network.requests.count { $0.action == action } }

    /// A round over all orders meets the claimed ones again on the last page, and passes over them.
    @Test(
        "A round publishes each order once, the longest due first",
        arguments: [([:], 2), (["all": true], 3)] as [(JSON, Int)])
    func manyOrders(_ event: JSON, _ pages: Int) throws {
        let orders = try enterOrders()
        #expect(try harness.recover(event) == ["recovered": .number(Self.count)])
        #expect(published.values == orders)
        #expect(count("PutEvents") == Self.count / 10)
        #expect(count("Query") == pages)
    }

    /// A killed invocation would leave claimed orders unpublished.
    @Test("A round ends before its invocation, and the next round continues") func timeLimit() throws {
        let orders = try enterOrders()
        let start = harness.network.now
        harness.network.before = { [network = harness.network] request in
            if request.action == "UpdateItem" { network.now += 450 }
            return nil
        }
        #expect(try harness.recover() == ["recovered": 100, "left": .number(Self.count - 100)])
        // Three quarters of the invocation; the batch under way is completed.
        #expect(harness.network.now - start == 45_000)
        harness.network.before = { _ in nil }
        #expect(try harness.recover() == ["recovered": .number(Self.count - 100)])
        #expect(published.values == orders)
    }

    /// A claimed order is due in 2 min, an unclaimed one in the next round.
    @Test("A round claims no more orders while the bus refuses events") func unreachableBus() throws {
        let orders = try enterOrders(120)
        harness.network.before = { $0.action == "PutEvents" ? .unreachable : nil }
        #expect(try harness.recover() == ["recovered": 0, "left": 70])
        let alerts = harness.log.lines.compactMap { $0["alert"]?["message"]?.string }
        #expect(alerts.count == 1)
        #expect(
            alerts.first?.hasPrefix("Failed to publish 50 due orders; next retry in 2 minutes: events PutEvents")
                == true)
        harness.network.before = { _ in nil }
        #expect(try harness.recover() == ["recovered": 70])
        harness.network.now += 120_001
        #expect(try harness.recover() == ["recovered": 120])
        #expect(published.values == orders[50...] + orders)
    }
}
