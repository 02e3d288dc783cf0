import Basics
import JSON
import Lambda
import Testbed
import Testing

@testable import Orders

/// Orders that Salesforce has and the ledger does not: their platform event was lost.
@Suite struct ReconciliationTests {
    private static func recover(_ harness: ProvisioningHarness, _ values: [String: String] = [:]) throws -> JSON {
        try harness.recover(
            [:],
            [
                "SF_RECONCILE": "true", "SF_ACCESS_TOKEN_PARAMETER": harness.aws.parameter("token"),
                "SF_REFRESH_FUNCTION": "refresh-sf-token", "SF_PROVISIONABLE_STATUSES": "Approved, It's ready",
            ].merging(values) { $1 })
    }

    /// A harness whose clock is 17 min ahead of the simulator's, so that the seeded orders are no longer young.
    private static func arrange() throws -> ProvisioningHarness {
        let harness = try ProvisioningHarness()
        harness.network.now = Timestamp.now() + 1_000_000
        return harness
    }

    @Test("A missing order is entered and provisioned") func missingOrder() throws {
        let harness = try Self.arrange()
        try harness.run(Seed.closedClientOrder)
        #expect(try Self.recover(harness)["recovered"]?.integer ?? 0 >= 1)
        let entered = try harness.ledger()
        #expect((entered.status, entered.requestNumber, entered.correlationID) == (.accepted, 1, "reconciliation"))
        #expect(try harness.ledger(Seed.closedClientOrder).status == .failed, "not entered again")
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("An order younger than 15 min is not entered") func youngOrder() throws {
        let harness = try ProvisioningHarness()
        harness.network.now = Timestamp.now()
        #expect(try Self.recover(harness) == ["recovered": 0])
        #expect(try harness.aws.keys().filter { $0.hasPrefix("order#") } == [])
    }

    @Test("Without SF_RECONCILE Salesforce gets no request") func off() throws {
        let harness = try Self.arrange()
        #expect(try Self.recover(harness, ["SF_RECONCILE": "false"]) == ["recovered": 0])
        #expect(harness.salesforce.state.requests == [])
    }

    @Test("The ledger's orders are recovered while Salesforce is down") func salesforceDown() throws {
        let harness = try Self.arrange()
        try harness.request()
        try harness.waitUntilDue()
        harness.salesforce.failNext(.maintenance, times: 100)
        #expect(try Self.recover(harness) == ["recovered": 1])
        #expect(harness.log.messages.contains { $0 == "reconciliation failed" })
    }

    @Test("Reconciliation needs the statuses to provision") func noStatuses() throws {
        let harness = try ProvisioningHarness()
        let error = #expect(throws: FunctionError.self) {
            try Self.recover(harness, ["SF_PROVISIONABLE_STATUSES": ""])
        }
        #expect(error?.message.contains("SF_PROVISIONABLE_STATUSES") == true)
    }
}
