import Basics
import HTTP
import JSON
import Testbed
import Testing

@testable import Orders

/// The second AddOrder: sent after the quiet time where WHMCS is known to keep markers, since a search would have found
/// the first order.
@Suite struct AddOrderAgainTests {
    /// A WHMCS that has returned the marker of another order.
    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
    }

    @Test("AddOrder is sent once more where WHMCS keeps markers") func sentAgain() throws {
        try harness.loseAddOrder()
        let sent = harness.network.now
        try harness.runWhileDue()
        #expect(harness.network.now >= sent + 600_000, "after the quiet time")
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(harness.count("AddOrder") == 3, "one for the other order")
        #expect(harness.log.messages.count { $0 == "sending AddOrder again" } == 1)
    }

    @Test("AddOrder is never sent a third time") func atMostTwice() throws {
        try harness.loseAddOrder(times: 5)
        try harness.runWhileDue()
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
        #expect(harness.count("AddOrder") == 3, "one for the other order")
    }

    @Test("A refused AddOrder does not count as sent") func refused() throws {
        harness.whmcs.failNext(.answer(429, #"{"result":"error","message":"Too busy"}"#), on: "AddOrder")
        try harness.request()
        try harness.run()
        #expect((try harness.ledger().addOrder, try harness.ledger().addOrderSends) == (.none, 0))
    }

    /// The quiet time counts from before the search: the pages that it has read do not hold the order.
    @Test("An order that appears during the search is not sent again") func appearsDuringSearch() throws {
        try harness.loseAddOrder()
        harness.network.now += 599_999
        harness.network.after = { request, answer in
            guard request.whmcsAction == "GetOrders" else { return answer }
            harness.network.after = { $1 }
            harness.network.now += 2
            try? harness.carryOutAddOrderLate()
            return answer
        }
        #expect(try harness.run()["status"] == "Activating")
        try harness.runWhileDue()
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    @Test("A first order that appears after the quiet time wins over the second") func firstOrderWins() throws {
        try harness.loseAddOrder()
        harness.network.before = { request in
            if request.whmcsAction == "AddOrder" {
                harness.network.before = { _ in nil }
                try? harness.carryOutAddOrderLate()
            }
            return nil
        }
        try harness.runWhileDue()
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Active", "Cancelled"])
        #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().first.map { String($0.id) })
    }

    @Test("A run killed before it cancels the duplicate is completed") func killedBeforeCancelling() throws {
        try harness.loseAddOrder()
        var isKilled = false
        harness.network.before = { request in
            if request.whmcsAction == "AddOrder" { try? harness.carryOutAddOrderLate() }
            if request.whmcsAction == "CancelOrder" { isKilled = true }
            return isKilled ? .lost : nil
        }
        while !isKilled { _ = try? harness.runWhenDue() }
        harness.network.before = { _ in nil }
        try harness.runWhileDue()
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Active", "Cancelled"])
    }
}
