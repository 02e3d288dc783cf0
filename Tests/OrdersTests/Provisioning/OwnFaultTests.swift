import HTTP
import TestSupport
import Testbed
import Testing

@testable import Orders

/// One order makes a side fail, and says nothing of the others.
@Suite struct OwnFaultTests {
    private let harness: ProvisioningHarness
    private let other: String

    init() throws {
        harness = try ProvisioningHarness()
        harness.whmcs.update { $0.clients[2].status = "Active" }
        harness.whmcs.update { _ = $0.addPayMethod(1236, type: "RemoteCreditCard") }
        other = Seed.noPayMethodOrder
    }

    private func expectClosed() throws {
        for side in Side.allCases { #expect(try harness.breaker(side).openedAt == nil) }
    }

    /// The first call of every run to WHMCS is the one that fails.
    @Test("An order whose client makes WHMCS fail ends as Failed, and stops no other") func client() throws {
        harness.network.before = { $0.formField("clientid") == "1234" ? .timedOut : nil }
        try harness.run()
        // It ends by its attempts.
        for _ in 2...12 {
            try expectClosed()
            try harness.runWhenDue()
        }
        #expect(try harness.ledger().status == .failed)
        #expect(try harness.ledger().errorCode == "WHMCS_UNAVAILABLE")
        #expect(try harness.run(other)["status"] == "Provisioned")
        #expect(harness.alerts.count == 1, "that the order has failed")
    }

    @Test("It ends although the breaker is open") func probe() throws {
        harness.network.before = { [harness] in harness.isWHMCS($0) ? .timedOut : nil }
        for _ in 1...5 { try harness.run() }
        #expect(try harness.breaker(.whmcs).openedAt != nil)
        harness.network.before = { $0.formField("clientid") == "1234" ? .timedOut : nil }
        try harness.runWhenDue()
        try expectClosed()
        #expect(try harness.run(other)["status"] == "Provisioned")
        for _ in 1...12 where try harness.ledger().status == .activating { try harness.runWhenDue() }
        #expect(try harness.ledger().status == .failed)
    }

    /// The run makes no other call.
    @Test("A report that Salesforce does not answer stops no other order") func report() throws {
        harness.network.before = { $0.reports("Failed") ? .timedOut : nil }
        #expect(try harness.run(Seed.closedClientOrder)["status"] == "Failed")
        for _ in 1...10 { try harness.runWhenDue(Seed.closedClientOrder) }
        try expectClosed()
        #expect(try harness.run(other)["status"] == "Provisioned")
    }

    @Test("A role that does not allow the neutral call is an answer, too") func permission() throws {
        harness.whmcs.configuration.permissions = ["GetClientsDetails"]
        let calls = ["GetClientsDetails", "GetPayMethods", "GetProducts"]
        harness.network.before = { calls.contains($0.whmcsAction) ? .timedOut : nil }
        for _ in 1...6 { try harness.run() }
        try expectClosed()
        #expect(harness.count("GetPaymentMethods") > 0)
    }

    @Test("A breaker that cannot be updated is logged, and stops no order") func ledgerFault() throws {
        let silent = ["GetClientsDetails", "GetPayMethods", "GetProducts"]
        harness.network.before = { request in
            if silent.contains(request.whmcsAction) { return .timedOut }
            let isBreaker = request.action == "UpdateItem" && request.text.contains(#""pk":{"S":"breakers"}"#)
            return isBreaker ? .answer(400, #"{"__type":"AccessDeniedException"}"#) : nil
        }
        #expect(try harness.run()["status"] == "Activating")
        let line = harness.log.lines.first { $0["message"] == "the breaker was not updated" }
        #expect(line?["side"] == "WHMCS")
        #expect(line?["error"]?.string?.contains("AccessDeniedException") == true)
    }
}
