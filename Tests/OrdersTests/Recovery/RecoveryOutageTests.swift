import Basics
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// Rounds while a side does not answer: orders that would only wait cost no event and no run.
@Suite struct RecoveryOutageTests {
    private let harness: ProvisioningHarness
    private let published: Recorder<String>

    init() throws {
        harness = try ProvisioningHarness()
        published = harness.recordPublications()
    }

    private func open(_ side: Side) throws { try harness.open(side, until: harness.network.now + 200_000) }

    private func dueAt(_ order: String) throws -> Timestamp? { try harness.ledger(order).dueAt }

    @Test("Waiting orders do not keep a report from being published") func report() throws {
        let waiting = try harness.enterDueOrders(200, ["status": "Activating", "tries": 3])
        let report = try harness.enterDueOrders(1, from: 200, ["status": "Failed", "step": "sf_failure_update"])
        try open(.whmcs)
        #expect(try harness.recover() == ["recovered": 1])
        #expect(published.values == report)
        for order in [waiting[0], waiting[199]] {
            // Jitter is its upper bound.
            #expect(try dueAt(order) == harness.network.now + 200_000 + 60_000)
            #expect(try harness.ledger(order).attempts == 3)
        }
        #expect(try harness.recover() == ["recovered": 0])
        #expect(
            harness.log.lines.contains { $0["message"] == "orders wait for an outage to end" && $0["orders"] == 200 })
    }

    @Test("One order a round probes a side, and the others wait for its outcome", arguments: Side.allCases)
    func oneProbe(_ side: Side) throws {
        let waiting = try harness.enterDueOrders(70, ["status": "Activating"])
        let others = try harness.enterDueOrders(1, from: 70, ["status": "Activating", "addOrder": "added"])
        try harness.open(side, until: harness.network.now)
        #expect(try harness.recover() == ["recovered": side == .addOrder ? 2 : 1])
        #expect(published.values == [waiting[0]] + (side == .addOrder ? others : []))
        #expect(try dueAt(waiting[69]) == harness.network.now + 60_000)
        // Nobody has probed.
        harness.network.now += 60_000
        #expect(try harness.recover() == ["recovered": 1])
    }

    @Test(
        "Published is what a run would do more for than wait",
        arguments: [
            (.whmcs, ["status": "Activating"], false), (.whmcs, ["status": "Provisioned"], true),
            (.whmcs, ["status": "Activating", "step": "sf_failure_update"], true),
            // Its run reports Activating.
            (.whmcs, [:], true), (.salesforce, [:], false), (.salesforce, ["status": "Failed"], false),
            // Its run ends it.
            (.salesforce, ["status": "Activating", "step": "sf_failure_update"], true),
            (.addOrder, ["status": "Activating"], false),
            // Its run searches for the order, or continues with it.
            (.addOrder, ["status": "Activating", "addOrder": "sent"], true),
            (.addOrder, ["status": "Activating", "addOrder": "added"], true),
        ] as [(Side, [String: JSON], Bool)])
    private func kinds(_ side: Side, _ values: [String: JSON], _ isPublished: Bool) throws {
        let order = try harness.enterDueOrders(1, values)
        try open(side)
        #expect(try harness.recover() == ["recovered": isPublished ? 1 : 0])
        #expect(published.values == (isPublished ? order : []))
        #expect(try (dueAt(order[0]) ?? 0) > harness.network.now + (isPublished ? 0 : 199_999))
    }

    @Test("A side that may be probed makes no order wait") func probe() throws {
        let order = try harness.enterDueOrders(1, ["status": "Activating"])
        try harness.open(.whmcs, until: harness.network.now)
        #expect(try harness.recover() == ["recovered": 1])
        #expect(published.values == order)
    }

    /// The run wins.
    @Test("A run that takes a waiting order at once keeps its due time") func takenAtOnce() throws {
        let order = try #require(harness.enterDueOrders(1, ["status": "Activating"]).first)
        try open(.whmcs)
        var claims = 0
        harness.network.before = { [harness] request in
            guard request.action == "UpdateItem" else { return nil }
            claims += 1
            if claims == 2 { try? harness.aws.set("order#\(order)", ["dueAt": .milliseconds(harness.network.now + 7)]) }
            return nil
        }
        #expect(try harness.recover() == ["recovered": 0])
        #expect(try dueAt(order) == harness.network.now + 7)
    }

    @Test("The age of waiting orders counts") func age() throws {
        _ = try harness.enterDueOrders(
            1, ["status": "Activating", "requestedAt": .milliseconds(harness.network.now - 7_200_000)])
        try open(.whmcs)
        try harness.recover()
        let ages = harness.log.metrics.compactMap { $0["OldestDueAge"]?.integer }
        #expect(ages.allSatisfy { $0 >= 7_200_000 } && ages.count == 1)
    }
}
