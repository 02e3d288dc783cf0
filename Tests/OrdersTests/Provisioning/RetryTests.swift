import Basics
import Testbed
import Testing

@testable import Orders

/// Retryable failures: when a run is retried, and how often.
@Suite struct RetryTests {
    @Test(
        "The backoff doubles with each attempt, from RETRY_DELAY to one hour",
        arguments: [
            (1, [:], 30), (2, [:], 60), (3, [:], 120), (7, [:], 1920), (8, [:], 3600), (11, [:], 3600),
            (1, ["RETRY_DELAY": "3600"], 3600), (2, ["RETRY_DELAY": "3600"], 3600), (3, ["RETRY_DELAY": "5"], 20),
            (900, ["RETRY_DELAY": "1", "MAX_ATTEMPTS": "1000"], 3600), (5, ["RETRY_DELAY": "0"], 0),
        ] as [(Int, [String: String], Int)])
    func backoff(_ attempt: Int, _ settings: [String: String], _ seconds: Int) throws {
        let harness = try ProvisioningHarness(settings)
        try harness.aws.set(
            "order#\(Seed.order)", ["status": "Activating", "tries": .number(attempt - 1), "open": "1"])
        harness.whmcs.failNext(.maintenance, times: 10)
        #expect(try harness.run()["status"] == "Activating")
        let order = try harness.ledger()
        #expect(order.attempts == attempt)
        // Jitter is its upper bound here.
        #expect((order.dueAt ?? 0) - order.updatedAt == seconds * 1000)
        #expect(harness.network.jitterBounds.last == Int(seconds) * 1000)
        #expect(try harness.leaseUntil() == nil)
        #expect((order.errorCode, order.status) == ("WHMCS_UNAVAILABLE", .activating))
        #expect(harness.log.lines.contains { $0["step"] == "order_details" && $0["outcome"] == "later" })
    }

    @Test("A retry succeeds once WHMCS answers again") func succeeds() throws {
        let harness = try ProvisioningHarness()
        // Two runs, each with four requests.
        harness.whmcs.failNext(.maintenance, on: "GetProducts", times: 8)
        try harness.run()
        try harness.runWhileDue()
        let order = try harness.ledger()
        #expect((order.status, order.attempts, order.errorCode, order.errorMessage) == (.provisioned, 3, nil, nil))
        #expect(harness.salesforce.statusHistory(Seed.order).last == "Provisioned")
    }

    @Test("The last attempt ends the request, and a new request has attempts of its own") func lastAttempt() throws {
        let harness = try ProvisioningHarness(["MAX_ATTEMPTS": "3"])
        harness.whmcs.failNext(.maintenance, times: 100)
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.runWhenDue()["status"] == "Activating")
        #expect(try harness.runWhenDue()["status"] == "Failed")
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_UNAVAILABLE")
        harness.whmcs.clearFaults()
        try harness.request()
        #expect(try harness.run()["status"] == "Provisioned")
    }

    /// A killed run cannot record its failure. The next run sees the attempts.
    @Test("An order that kills every run ends as Failed") func killedRuns() throws {
        let harness = try ProvisioningHarness(["MAX_ATTEMPTS": "3"])
        try harness.aws.set("order#\(Seed.order)", ["status": "Activating", "tries": 3, "open": "1"])
        #expect(try harness.run()["status"] == "Failed")
        let order = try harness.ledger()
        #expect(order.errorCode == "PROVISIONING_ERROR")
        #expect(order.errorMessage == "not finished after 3 attempts")
        #expect(harness.whmcs.state.actions == [])
        #expect(harness.salesforce.statusHistory(Seed.order) == ["Failed"])
    }
}
