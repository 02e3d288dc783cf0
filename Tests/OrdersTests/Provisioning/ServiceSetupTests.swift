import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// Whether an accepted order is set up: an Active order with a failed module is not Provisioned.
@Suite struct ServiceSetupTests {
    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
        harness.whmcs.update { $0.moduleErrors = [185: "No server has room"] }
    }

    private func alerts(_ what: String) -> [String] {
        harness.log.lines.compactMap { $0["alert"]?["message"]?.string }.filter { $0.hasPrefix(what) }
    }

    private func repair() {
        harness.whmcs.update { state in
            state.moduleErrors = [:]
            state.retryModuleQueue()
        }
    }

    @Test("A module that fails is an alert at once, and its repair ends in Provisioned") func repaired() throws {
        #expect(try harness.run()["status"] == "Activating")
        let order = try harness.ledger()
        #expect((order.step, order.errorCode, order.setupFailedAt) == (.accept, "WHMCS_SETUP_FAILED", .requestTime))
        let service = harness.whmcs.state.services[0].id
        #expect(
            order.errorMessage
                == "A module could not set up service \(service), CreateAccount: No server has room. Repeat the action in "
                + "WHMCS's module queue, then request the order again")
        #expect(alerts("A module failed").count == 1)
        // The module's text may hold personal data: the ledger has it, and no alert.
        let alert = harness.log.lines.compactMap { $0["alert"] }
        #expect(alert.map { $0["errorCode"] } == ["WHMCS_SETUP_FAILED"])
        #expect(alert.allSatisfy { !String(decoding: $0.bytes, as: UTF8.self).contains("No server") })

        // It is looked at again, with backoff and without another alert.
        for _ in 1...3 { #expect(try harness.runWhenDue()["status"] == "Activating") }
        #expect(alerts("A module failed").count == 1)
        repair()
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect((harness.count("AddOrder"), harness.count("AcceptOrder")) == (1, 1))
        #expect(harness.field("Provisioning_Status__c") == "Provisioned")
    }

    @Test("Without a repair the order fails after WHMCS_SETUP_TIME, and a new request only looks") func notRepaired()
        throws
    {
        try harness.request()
        try harness.run()
        try harness.runWhileDue()
        let order = try harness.ledger()
        #expect((order.status, order.errorCode) == (.failed, "WHMCS_SETUP_FAILED"))
        #expect(harness.network.now >= .requestTime + 3_600_000)
        #expect(harness.network.now < .requestTime + 3_700_000)
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_SETUP_FAILED")
        #expect(alerts("Order not provisioned").count == 1)

        // Requested without a repair: an alert again, and another hour.
        try harness.request(2)
        #expect(try harness.run()["status"] == "Activating")
        #expect(alerts("A module failed").count == 2)
        repair()
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect((harness.count("AddOrder"), harness.count("AcceptOrder")) == (1, 1))
    }

    @Test("WHMCS_SETUP_TIME of 0 waits for nobody") func noWait() throws {
        try harness.restart(["WHMCS_SETUP_TIME": "0"])
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorCode == "WHMCS_SETUP_FAILED")
    }

    @Test("A set-up that waits for a payment or a person is Provisioned, and the log says how many")
    func waits() throws {
        harness.whmcs.update { state in
            state.moduleErrors = [:]
            state.productsSetUpOnPayment = [186]
        }
        #expect(try harness.run()["status"] == "Provisioned")
        let lines = harness.log.lines.filter { $0["message"] == "services wait for their set-up" }
        #expect(lines.map { $0["services"] } == [2])
    }

    @Test("Without the right to read the queue only the statuses count, with a warning") func noPermission() throws {
        harness.whmcs.configuration.permissions = [
            "AddOrder", "AcceptOrder", "GetOrders", "GetClientsDetails", "GetClientsProducts", "GetPayMethods",
            "GetProducts",
        ]
        #expect(try harness.run()["status"] == "Provisioned")
        let warnings = harness.log.lines.filter { $0["message"]?.string?.contains("GetModuleQueue") == true }
        #expect(warnings.map { $0["level"] } == ["WARN"])
    }

    @Test("A queue entry of another service does not count") func otherService() throws {
        try harness.run(Seed.otherOrder)
        harness.whmcs.update { state in
            state.moduleErrors = [:]
            state.productsSetUpOnPayment = [185]
        }
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("While WHMCS may still work on AcceptOrder, a Pending service is no verdict") func stillAtWork() throws {
        harness.whmcs.failNext(.actThenDrop, on: "AcceptOrder")
        harness.whmcs.update { state in
            state.moduleErrors = [:]
            state.productsSetUpOnPayment = [185]
        }
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().dueAt == .requestTime + 600_000)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    @Test("While WHMCS does not answer, an accepted order waits, and a person hears of it") func lookFails() throws {
        harness.whmcs.update { $0.moduleErrors = [:] }
        try harness.restart(["MAX_ATTEMPTS": "2"])
        var isAccepted = false
        harness.network.before = { request in
            if request.whmcsAction == "AcceptOrder" {
                isAccepted = true
                return nil
            }
            return isAccepted && !request.whmcsAction.isEmpty ? .unreachable : nil
        }
        try harness.run()
        for _ in 1...4 { #expect(try harness.runWhenDue()["status"] == "Activating") }
        #expect(alerts("WHMCS accepted an order that is not set up yet").count == 2)
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    @Test("A look that WHMCS refuses for good ends the request, and a new one looks again") func lookRefused() throws {
        harness.whmcs.update { $0.moduleErrors = [:] }
        try harness.restart(["MAX_ATTEMPTS": "2"])
        harness.network.before = { request in
            if request.whmcsAction == "AcceptOrder" { harness.whmcs.configuration.permissions = ["AcceptOrder"] }
            return nil
        }
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.runWhenDue()["status"] == "Failed")
        let order = try harness.ledger()
        #expect(order.errorCode == "WHMCS_REJECTED")
        #expect(order.errorMessage?.hasPrefix("WHMCS accepted the order, and its set-up cannot be read") == true)
        harness.whmcs.configuration.permissions = nil
        harness.network.before = { _ in nil }
        try harness.request(2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AcceptOrder") == 1)
    }

    struct LaterChange: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout WHMCSSimulator.State) -> Void
    }

    @Test(
        "What people cancel or delete while the order waits for its repair is not Provisioned",
        arguments: [
            LaterChange(testDescription: "order cancelled") { $0.orders[0].status = "Cancelled" },
            LaterChange(testDescription: "order gone") { $0.orders.removeAll() },
            LaterChange(testDescription: "service terminated") { $0.services[0].status = "Terminated" },
            LaterChange(testDescription: "service gone") { $0.services.removeFirst() },
        ])
    func changedLater(_ later: LaterChange) throws {
        #expect(try harness.run()["status"] == "Activating")
        harness.whmcs.update(later.change)
        #expect(try harness.runWhenDue()["status"] == "Failed")
        #expect(try harness.ledger().errorCode == "WHMCS_REJECTED")
        #expect(
            try harness.ledger().errorMessage?.hasSuffix("after it was accepted") == true
                || later.testDescription.hasPrefix("order"))
    }
}
