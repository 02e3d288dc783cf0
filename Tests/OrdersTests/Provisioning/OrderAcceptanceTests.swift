import Testbed
import Testing

@testable import Orders

/// AcceptOrder: the order's status in WHMCS decides, not the answer.
@Suite struct OrderAcceptanceTests {
    private static let refusal = #"{"result":"error","message":"Order ID not found or Status not Pending"}"#

    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
    }

    @Test(
        "An Active order is accepted, whatever WHMCS answered",
        arguments: [
            .actThenAnswer(200, refusal), .actThenDrop, .actThenTruncate, .actThenAnswer(500, "<html>"),
            .actThenEmptyBody,
        ] as [Fault])
    func active(_ fault: Fault) throws {
        harness.whmcs.failNext(fault, on: "AcceptOrder")
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AcceptOrder") == 1)
        #expect(harness.steps == ProvisioningRunTests.allSteps)
    }

    @Test(
        "A Pending order is accepted in a later run",
        arguments: [
            .answer(200, refusal), .dropBeforeActing, .maintenance,
            .answer(200, #"{"result":"error","message":"Module Error"}"#),
        ] as [Fault])
    func pending(_ fault: Fault) throws {
        harness.whmcs.failNext(fault, on: "AcceptOrder")
        #expect(try harness.run()["status"] == "Activating")
        let waiting = try harness.ledger()
        #expect((waiting.step, waiting.errorCode) == (.create, "WHMCS_UNAVAILABLE"))
        #expect(waiting.dueAt != nil)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect((harness.count("AddOrder"), harness.count("AcceptOrder")) == (1, 2))
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    @Test("An order in any other status waits for a person", arguments: ["Cancelled", "Fraud", "Under Review"])
    func otherStatus(_ status: String) throws {
        harness.network.before = { request in
            if request.whmcsAction == "AcceptOrder" { harness.whmcs.update { $0.orders[0].status = status } }
            return nil
        }
        #expect(try harness.run()["status"] == "Failed")
        let order = try harness.ledger()
        let id = order.whmcsOrderID ?? 0
        #expect(order.errorCode == "WHMCS_REJECTED")
        let remedy = status == "Under Review" ? "" : "; request the order again to create another"
        #expect(order.errorMessage == "WHMCS order \(id) is \(status) and cannot be accepted" + remedy)
        #expect(harness.field("WHMCS_Order_ID__c") == .string(String(id)))

        // A person makes the order Pending and requests it again: the same WHMCS order continues.
        harness.network.before = { _ in nil }
        harness.whmcs.update { $0.orders[0].status = "Pending" }
        try harness.request()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 1)
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }
}
