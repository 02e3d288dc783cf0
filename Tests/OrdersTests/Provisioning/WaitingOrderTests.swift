import Basics
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// What an order that waits for a side does meanwhile.
@Suite struct WaitingOrderTests {
    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
    }

    /// The breaker is open from now on, and the side does not answer.
    private func breakOff(_ sides: Side...) throws {
        for side in sides {
            try harness.open(side, until: harness.network.now + 300_000)
        }
        harness.network.before = { [harness] request in
            let side: Side? = harness.isWHMCS(request) ? .whmcs : harness.isSalesforce(request) ? .salesforce : nil
            return side.map(sides.contains) ?? false ? .timedOut : nil
        }
    }

    /// The statuses that were written to Salesforce.
    private func reports(_ order: String = Seed.order) -> [String] { harness.salesforce.statusHistory(order) }

    // MARK: The status in Salesforce

    @Test("An order that waits for WHMCS is Activating in Salesforce, by one write") func newOrder() throws {
        try breakOff(.whmcs)
        for _ in 1...3 { #expect(try harness.run()["status"] == "Activating") }
        #expect(reports() == ["Activating"])
        #expect(try harness.ledger().attempts == 0)
        #expect(try harness.ledger().unconfirmedUntil == nil)
        #expect(!harness.network.requests.contains { harness.isWHMCS($0) })
    }

    @Test("A Failed order that is requested again and waits is Activating, too") func requestedAgain() throws {
        harness.whmcs.failNext(.answer(200, #"{"result":"error","message":"no"}"#), on: "AddOrder")
        #expect(try harness.run()["status"] == "Failed")
        try breakOff(.whmcs)
        try harness.request(2)
        try harness.run()
        #expect(reports().suffix(2) == ["Failed", "Activating"])
        #expect(harness.field("Provisioning_Error_Code__c") == .null)
    }

    /// Its first run asks WHMCS whether a person has cancelled the order that it has.
    @Test("A cancelled WHMCS order is replaced after the outage, too") func cancelled() throws {
        harness.whmcs.failNext(.answer(200, #"{"result":"error","message":"no"}"#), on: "AcceptOrder", times: 12)
        try harness.run()
        harness.whmcs.update { state in for index in state.orders.indices { state.orders[index].status = "Cancelled" } }
        try harness.runWhileDue()
        #expect(try harness.ledger().status == .failed)
        harness.whmcs.clearFaults()
        try breakOff(.whmcs)
        try harness.request(2)
        try harness.run()
        #expect(reports().last == "Activating")
        harness.network.before = { _ in nil }
        try harness.runWhileDue()
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Cancelled", "Active"])
    }

    @Test("An order that waits for Salesforce as well makes no call") func bothOut() throws {
        try breakOff(.whmcs, .salesforce)
        try harness.run()
        #expect(harness.calls() == 0)
    }

    @Test("A Salesforce that does not take Activating does not keep the order from waiting") func unreported() throws {
        try breakOff(.whmcs)
        let isOut = harness.network.before
        harness.network.before = { $0.reports("Activating") ? .timedOut : isOut($0) }
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().attempts == 0)
        #expect(try harness.breaker(.salesforce).failures == 1)
    }

    // MARK: A failure that is not reported

    @Test("An order whose failure waits for Salesforce is Failed, and accepts a new request") func failing() throws {
        let id = Seed.closedClientOrder
        var isKilled = false
        harness.network.before = { request in
            if request.reports("Failed") { isKilled = true }
            return isKilled ? .lost : nil
        }
        _ = try? harness.run(id)
        #expect(try harness.ledger(id).status == .activating)
        try breakOff(.salesforce)
        try harness.runWhenDue(id)
        let order = try harness.ledger(id)
        #expect((order.status, order.errorCode) == (.failed, "CLIENT_CLOSED"))
        #expect(order.dueAt ?? 0 > harness.network.now)
        try harness.request(2, id)
        #expect(try harness.ledger(id).status == .accepted)
    }

    // MARK: A set-up that a person repairs

    @Test("The time to repair a set-up starts anew when WHMCS answers again", arguments: [false, true])
    private func setup(_ isClosedByOther: Bool) throws {
        harness.whmcs.update { $0.moduleErrors = [185: "No server has room"] }
        try harness.run()
        let alerts = harness.alerts.count
        try breakOff(.whmcs)
        let end = harness.network.now + 3 * 3_600_000
        while harness.network.now < end { try harness.runWhenDue() }
        harness.network.before = { _ in nil }
        harness.network.now += 1_800_000
        if isClosedByOther { try harness.run(Seed.closedClientOrder) }
        let answered = harness.network.now
        #expect(try harness.run()["status"] == "Activating")
        #expect(harness.alerts.filter { $0.hasPrefix("A module failed") }.count == alerts)
        try harness.runWhileDue()
        #expect(try harness.ledger().errorCode == "WHMCS_SETUP_FAILED")
        #expect((3_600_000...3_660_000).contains(harness.network.now - answered))
    }

    @Test("However often WHMCS fails, the time to repair a set-up ends") func setupEnds() throws {
        harness.whmcs.update { $0.moduleErrors = [185: "No server has room"] }
        try harness.run()
        let last = harness.network.now + 86_400_000 + 3_600_000
        while try harness.ledger().dueAt != nil, harness.network.now < last + 7_200_000 {
            try harness.open(.whmcs, until: harness.network.now)
            try harness.runWhenDue()
        }
        #expect(try harness.ledger().errorCode == "WHMCS_SETUP_FAILED")
        #expect((last...last + 60_000).contains(harness.network.now))
    }
}
