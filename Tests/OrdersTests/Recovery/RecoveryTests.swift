import TestSupport
import Basics
import JSON
import Lambda
import Testbed
import Testing

@testable import Orders

/// recover-orders in this process, with an AWS account of its own.
@Suite struct RecoveryTests {
    let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
    }

    /// Requests the order, and lets its first event be lost.
    private func loseEvent() throws {
        try harness.request()
        _ = try harness.aws.takeEvents()
    }

    /// The orders whose events arrived since the last call.
    private func published() throws -> [String] {
        try harness.aws.takeEvents().compactMap { $0["detail"]?["orderId"]?.string }
    }

    // MARK: Due orders

    @Test("An accepted order whose event was not published is recovered when due") func unpublishedOrder() throws {
        harness.network.before = { $0.action == "PutEvents" ? .unreachable : nil }
        try harness.request()
        harness.network.before = { _ in nil }
        #expect(try harness.recover() == ["recovered": 0], "not due yet")
        try harness.waitUntilDue()
        #expect(try harness.recover() == ["recovered": 1])
        let events = try harness.aws.takeEvents()
        #expect(events.map { $0["detail-type"] } == ["OrderProvisionRequested"])
        #expect(events.first?["detail"]?["orderId"]?.string == Seed.order)
        #expect(events.first?["detail"]?["attempt"]?.integer == 1)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("The order of a killed run is recovered within 5 min") func killedRun() throws {
        try harness.request()
        let start = harness.network.now
        var isKilled = false
        harness.network.before = { request in
            if request.whmcsAction == "GetProducts" { isKilled = true }
            return isKilled ? .lost : nil
        }
        _ = try? harness.run()
        harness.network.before = { _ in nil }
        _ = try harness.aws.takeEvents()
        // The schedule's minute.
        while try harness.recover() == ["recovered": 0] { harness.network.now += 60_000 }
        #expect(harness.network.now - start < 300_000)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("A claimed order is due again after 2 min") func claimedOrder() throws {
        try loseEvent()
        try harness.waitUntilDue()
        #expect(try harness.recover() == ["recovered": 1])
        #expect(try harness.recover() == ["recovered": 0])
        #expect(try published() == [Seed.order])
        // The event may be lost again.
        harness.network.now += 120_001
        #expect(try harness.recover() == ["recovered": 1])
    }

    /// Both read the order before one of them claims it.
    @Test("Of two concurrent recoveries one publishes the order") func concurrentRecoveries() throws {
        try loseEvent()
        try harness.waitUntilDue()
        let first = harness.network
        let second = FakeHTTPClient.passingThrough(now: first.now)
        var other: JSON = .null
        first.before = { request in
            if request.action == "UpdateItem", other == .null {
                other = [:]
                other = (try? harness.recover(with: second.client)) ?? .null
            }
            return nil
        }
        #expect(try harness.recover() == ["recovered": 0])
        #expect(other == ["recovered": 1])
        #expect(try published() == [Seed.order])
    }

    @Test("An order that has ended is not recovered") func endedOrders() throws {
        try harness.run()
        try harness.run(Seed.closedClientOrder)
        _ = try harness.aws.takeEvents()
        harness.network.now += 86_400_000
        #expect(try harness.recover(["all": true]) == ["recovered": 0])
        #expect(try harness.recover(["orderId": .string(Seed.order)]) == ["recovered": 0])
        #expect(try published() == [])
    }

    // MARK: An operator's events

    @Test("An operator recovers orders before they are due") func operatorEvents() throws {
        try harness.request()
        try harness.request(2, Seed.otherOrder)
        _ = try harness.aws.takeEvents()
        #expect(try harness.recover(["orderId": .string(String(Seed.order.prefix(15)))]) == ["recovered": 1])
        #expect(try published() == [Seed.order])
        // A round recognises its own claims by their millisecond, and the clock stands still here.
        harness.network.now += 1
        #expect(try harness.recover(["all": true]) == ["recovered": 2])
        #expect(try Set(published()) == [Seed.order, Seed.otherOrder])
    }

    @Test(
        "A malformed event or an unknown order is an error",
        arguments: [
            (["orderId": "nonsense"], "MalformedEvent"), (["orderId": 7], "MalformedEvent"), ([], "MalformedEvent"),
            (["orderId": "801Dn0000014UPzIAM"], "UnknownOrder"),
        ] as [(JSON, String)])
    func refusedEvent(_ event: JSON, _ type: String) throws {
        let error = #expect(throws: FunctionError.self) { try harness.recover(event) }
        #expect(error?.type == type)
    }

    @Test("An operator who recovers all orders lets one of them probe at once", arguments: Side.allCases)
    private func probeAtOnce(_ side: Side) throws {
        try harness.request()
        try harness.open(side, until: harness.network.now + 300_000)
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.recover(["orderId": .string(Seed.order)]) == ["recovered": 1])
        #expect(try harness.run()["status"] == "Activating", "one order ends no outage")
        harness.network.now += 1
        #expect(try harness.recover(["all": true]) == ["recovered": 1])
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(try harness.breaker(side).openedAt == nil)
    }

    @Test("It ends the wait for a probe that died, and opens nothing") func probeDied() throws {
        try harness.open(.whmcs, until: harness.network.now)
        var breakers = try Breakers(harness.quietLedger)
        _ = try breakers.change(.whmcs) { [harness] in $0.probed(until: harness.network.now + 120_000) }
        try harness.recover(["all": true])
        #expect(try harness.breaker(.whmcs).permission(at: harness.network.now) == .probe)
        #expect(try harness.breaker(.salesforce) == Breaker())
    }

    // MARK: Failures and metrics

    @Test("A bus that refuses events loses no order") func unreachableBus() throws {
        try loseEvent()
        try harness.waitUntilDue()
        harness.network.before = { $0.action == "PutEvents" ? .unreachable : nil }
        #expect(try harness.recover() == ["recovered": 0, "left": 0])
        #expect(harness.log.messages.contains("alert"))
        harness.network.before = { _ in nil }
        try harness.waitUntilDue()
        #expect(try harness.recover() == ["recovered": 1])
    }

    /// Publishing the order's event does not make the order younger.
    @Test("The age of an order that no run takes grows") func ageOfWaitingOrder() throws {
        try harness.request()
        let start = harness.network.now
        for _ in 1...10 {
            try harness.waitUntilDue()
            #expect(try harness.recover() == ["recovered": 1])
        }
        #expect(ages.last == harness.network.now - start)
    }

    private var ages: [Int] { harness.log.metrics.compactMap { $0["OldestDueAge"]?.integer } }

    /// Each run moves the due time.
    @Test("The age of an order that no run finishes grows, from its request on") func ageOfUnfinishedOrder() throws {
        try harness.request()
        let start = harness.network.now
        harness.network.before = { $0.whmcsAction.isEmpty ? nil : .unreachable }
        for _ in 1...5 {
            try harness.waitUntilDue()
            #expect(try harness.recover() == ["recovered": 1])
            #expect(ages.last == harness.network.now - start)
            #expect(try harness.run()["status"] == "Activating")
        }
    }

    @Test("The age of an order whose final status Salesforce does not take grows, from its end on")
    func ageOfUnreportedOrder() throws {
        harness.network.before = { $0.reports("Provisioned") ? .unreachable : nil }
        harness.network.now += 100_000
        #expect(try harness.run()["status"] == "Provisioned")
        let end = try #require(try harness.ledger().endedAt)
        for _ in 1...5 {
            try harness.waitUntilDue()
            #expect(try harness.recover() == ["recovered": 1])
            #expect(ages.last == harness.network.now - end)
            try harness.run()
        }
    }

    @Test("A new request starts the age again") func ageOfNewRequest() throws {
        try harness.run(Seed.closedClientOrder)
        harness.network.now += 86_400_000
        try harness.request(2, Seed.closedClientOrder)
        let start = harness.network.now
        try harness.waitUntilDue(Seed.closedClientOrder)
        #expect(try harness.recover() == ["recovered": 1])
        #expect(ages.last == harness.network.now - start)
    }

    @Test("A round emits the number of recovered orders and the oldest age as metrics") func metrics() throws {
        try harness.request()
        try harness.waitUntilDue()
        harness.network.now += 5_000
        _ = try harness.recover()
        let line = try #require(harness.log.metrics.first)
        #expect(line["RecoveredOrders"]?.integer == 1)
        #expect(line["OldestDueAge"]?.integer == 65_001, "due 60 s after the request")
        #expect(line["_aws"]?["CloudWatchMetrics"]?.array?.first?["Namespace"] == "Orders")
    }
}
