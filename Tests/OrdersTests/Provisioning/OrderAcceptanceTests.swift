import Basics
import HTTP
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
        "A Pending order is accepted in a later run, after an unclear answer after the quiet time",
        arguments: [
            (.answer(200, refusal), false), (.dropBeforeActing, true), (.maintenance, true),
            (.answer(200, #"{"result":"error","message":"Module Error"}"#), false),
            (.answer(500, #"{"result":"error","message":"Module Error"}"#), true),
        ] as [(Fault, Bool)])
    func pending(_ fault: Fault, _ isUnclear: Bool) throws {
        harness.whmcs.failNext(fault, on: "AcceptOrder")
        #expect(try harness.run()["status"] == "Activating")
        let waiting = try harness.ledger()
        #expect((waiting.step, waiting.errorCode) == (.create, "WHMCS_UNAVAILABLE"))
        #expect(waiting.acceptOrderAt == (isUnclear ? .requestTime : nil))
        if isUnclear {
            #expect(waiting.dueAt == .requestTime + 600_000)
            // A duplicate delivery does not shorten the quiet time.
            try harness.run()
            #expect(harness.count("AcceptOrder") == 1)
        }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(try harness.ledger().acceptOrderAt == nil)
        #expect((harness.count("AddOrder"), harness.count("AcceptOrder")) == (1, 2))
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    @Test("The ledger records AcceptOrder before it is sent, and a killed run sends no second one") func recordedFirst()
        throws
    {
        var known: LedgerOrder?
        harness.network.before = { request in
            // Nothing that the run sends after AcceptOrder arrives.
            if known != nil { return .lost }
            guard request.whmcsAction == "AcceptOrder" else { return nil }
            known = try? harness.ledger()
            return .lost
        }
        _ = try? harness.run()
        // It may have gone out until the run's end.
        #expect(known?.acceptOrderAt ?? 0 >= .requestTime + 110_000)
        harness.network.before = { _ in nil }
        harness.network.now += 120_001
        #expect(try harness.run()["status"] == "Activating")
        #expect(harness.count("AcceptOrder") == 0)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.network.now > .requestTime + 700_000)
        #expect(harness.count("AcceptOrder") == 1)
    }

    @Test("An order that becomes Active late is not accepted again") func lateAcceptance() throws {
        harness.whmcs.failNext(.dropBeforeActing, on: "AcceptOrder")
        try harness.run()
        try harness.carryOutLate { $0.whmcsAction == "AcceptOrder" }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.count("AcceptOrder") == 2, "one by the program, one by the slow server")
    }

    @Test("AcceptOrder is not sent without time for its answer") func tooLate() throws {
        harness.network.after = { request, answer in
            if request.whmcsAction == "AddOrder" { harness.network.now += 60_000 }
            return answer
        }
        #expect(try harness.run(time: 120_000)["status"] == "Activating")
        #expect(harness.count("AcceptOrder") == 0)
        #expect(try harness.ledger().acceptOrderAt == nil)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    @Test(
        "AcceptOrder that the role or the address forbids ends the order with its remedy",
        arguments: [
            #"{"result":"error","message":"Invalid Permissions: API action acceptorder is not allowed"}"#,
            #"{"result":"error","message":"Invalid IP 203.0.113.7"}"#,
        ])
    func refusedCaller(_ refusal: String) throws {
        harness.whmcs.failNext(.answer(403, refusal), on: "AcceptOrder")
        #expect(try harness.run()["status"] == "Failed")
        let order = try harness.ledger()
        #expect(order.errorCode == "WHMCS_REJECTED")
        #expect(
            order.errorMessage?.hasSuffix(
                "or accept WHMCS order \(order.whmcsOrderID ?? 0) by hand; then request the order again") == true)
        #expect(order.acceptOrderAt == nil)
        // The next orders will fail, too: a person must hear of it.
        let alerts = harness.log.lines.compactMap { $0["alert"]?["errorCode"]?.string }
        #expect(alerts == ["WHMCS_REJECTED"])
        try harness.request(2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect((harness.count("AddOrder"), harness.count("AcceptOrder")) == (1, 2))
    }

    @Test("An AcceptOrder in doubt outlives the last attempt: the order fails only after the quiet time")
    func lastAttempt() throws {
        let harness = try ProvisioningHarness(["MAX_ATTEMPTS": "1"])
        harness.whmcs.failNext(.dropBeforeActing, on: "AcceptOrder")
        try harness.run()
        #expect(try harness.ledger().dueAt == .requestTime + 600_000)
        // Early deliveries do not use it up.
        for _ in 1...3 { #expect(try harness.run()["status"] == "Activating") }
        try harness.carryOutLate { $0.whmcsAction == "AcceptOrder" }
        try harness.restart(["MAX_ATTEMPTS": "5"])
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    @Test("A module may answer with the words of a refusal: the order's status decides")
    func wordsOfARefusal() throws {
        let words = #"{"result":"error","message":"Access denied by the control panel"}"#
        harness.whmcs.failNext(.actThenAnswer(200, words), on: "AcceptOrder")
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AcceptOrder") == 1)
    }

    @Test(
        "WHMCS_AUTO_SETUP sets a parameter, or leaves it out",
        arguments: [("product", nil), ("true", "1"), ("false", "0")] as [(String, String?)])
    func autoSetup(_ setting: String, _ sent: String?) throws {
        let harness = try ProvisioningHarness(["WHMCS_AUTO_SETUP": setting])
        #expect(try harness.run()["status"] == "Provisioned")
        let request = harness.network.requests.first { $0.whmcsAction == "AcceptOrder" }
        #expect(request?.formField("autosetup") == sent)
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
