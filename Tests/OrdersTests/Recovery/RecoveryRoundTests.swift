import Basics
import HTTP
import JSON
import TestSupport
import Testing

@testable import Orders

/// Rounds with more orders than one page of the index, or than one invocation has time for.
@Suite struct RecoveryRoundTests {
    /// More than a page of the index.
    private static let count = 280

    private let harness: ProvisioningHarness
    /// The orders in the events that the bus accepted.
    private let published: Recorder<String>

    init() throws {
        harness = try ProvisioningHarness()
        published = harness.recordPublications()
    }

    private func enterOrders(_ count: Int = count, waitingFor age: Milliseconds = 60_000) throws -> [String] {
        try harness.enterDueOrders(count, ["requestedAt": .milliseconds(harness.network.now - age)])
    }

    /// No round ends because of the limit.
    private static let unlimited = ["WHMCS_CONCURRENCY": "1000"]

    private func count(_ action: String) -> Int { harness.network.requests.count { $0.action == action } }

    /// A round over all orders meets the claimed ones again on the last page, and passes over them.
    @Test(
        "A round publishes each order once, the longest due first",
        arguments: [([:], 2), (["all": true], 3)] as [(JSON, Int)])
    func manyOrders(_ event: JSON, _ pages: Int) throws {
        let orders = try enterOrders()
        #expect(try harness.recover(event, Self.unlimited) == ["recovered": .number(Self.count)])
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
        #expect(try harness.recover([:], Self.unlimited) == ["recovered": 100, "left": .number(Self.count - 100)])
        // Three quarters of the invocation; the batch under way is completed.
        #expect(harness.network.now - start == 45_000)
        harness.network.before = { _ in nil }
        #expect(try harness.recover([:], Self.unlimited) == ["recovered": .number(Self.count - 100)])
        #expect(published.values == orders)
    }

    /// A claimed order is due in 2 min, an unclaimed one in the next round.
    @Test("A round claims no more orders while the bus refuses events") func unreachableBus() throws {
        let orders = try enterOrders(120)
        harness.network.before = { $0.action == "PutEvents" ? .unreachable : nil }
        #expect(try harness.recover([:], Self.unlimited) == ["recovered": 0, "left": 70])
        let alerts = harness.log.lines.compactMap { $0["alert"]?["message"]?.string }
        #expect(alerts.count == 1)
        #expect(
            alerts.first?.hasPrefix("Failed to publish 50 due orders; next retry in 2 minutes: events PutEvents")
                == true)
        harness.network.before = { _ in nil }
        #expect(try harness.recover([:], Self.unlimited) == ["recovered": 70])
        harness.network.now += 120_001
        #expect(try harness.recover([:], Self.unlimited) == ["recovered": 120])
        #expect(published.values == orders[50...] + orders)
    }

    /// A run takes 2 s: in the minute until the next round each consumer finishes 30.
    @Test(
        "A round publishes no more due orders than the queue's consumers finish until the next, the longest due first",
        arguments: [([:], [150, 30]), (["WHMCS_CONCURRENCY": "2"], [60, 60, 60])] as [([String: String], [Int])])
    func consumers(_ settings: [String: String], _ rounds: [Int]) throws {
        let orders = try enterOrders(180)
        var done = 0
        for round in rounds {
            done += round
            let answer = try harness.recover([:], settings)
            #expect(answer["recovered"]?.integer == round)
            #expect(answer["left"]?.integer == (done < 180 ? 180 - done : nil))
            #expect(published.values == Array(orders.prefix(done)))
        }
    }

    @Test("An operator's round over all orders is limited by its time only") func operatorsRound() throws {
        _ = try enterOrders(130)
        #expect(try harness.recover(["all": true]) == ["recovered": 130])
    }

    @Test(
        "The next publication of an order comes after a quarter of its age, 2 to 30 min",
        arguments: [(0, 120), (60, 120), (480, 120), (500, 125), (3600, 900), (7200, 1800), (86_400, 1800)])
    func nextPublication(_ age: Int, _ wait: Int) throws {
        let order = try #require(enterOrders(1, waitingFor: age * 1000).first)
        #expect(try harness.recover() == ["recovered": 1])
        #expect(try harness.ledger(order).dueAt == harness.network.now + wait * 1000)
        harness.network.now += wait * 1000 - 1
        #expect(try harness.recover() == ["recovered": 0])
        harness.network.now += 1
        #expect(try harness.recover() == ["recovered": 1])
    }

    /// Both would move the due time.
    @Test("A run that takes the order at once keeps its due time") func takenAtOnce() throws {
        let order = try #require(enterOrders(1, waitingFor: 3_600_000).first)
        let until = harness.network.now + 120_000
        harness.network.after = { [harness] request, answer in
            if request.action == "PutEvents" {
                try? harness.aws.set(
                    "order#\(order)", ["status": "Activating", "open": "1", "dueAt": .milliseconds(until + 7)])
            }
            return answer
        }
        #expect(try harness.recover() == ["recovered": 1])
        #expect(try harness.ledger(order).dueAt == until + 7)
    }
}
