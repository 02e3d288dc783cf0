import Basics
import JSON
import Lambda
import Testbed
import Testing

@testable import Orders

/// Orders that Salesforce has and nobody ever requested here.
@Suite struct ReconciliationTests {
    private static func recover(_ harness: ProvisioningHarness, _ values: [String: String] = [:]) throws -> JSON {
        var environment = Environment(
            [
                "LEDGER_TABLE": harness.aws.table, "EVENT_BUS_NAME": harness.aws.bus, "SF_RECONCILE": "true",
                "SF_ACCESS_TOKEN_PARAMETER": harness.aws.parameter("token"), "SF_REFRESH_FUNCTION": "refresh-sf-token",
                "SF_PROVISIONABLE_STATUSES": "Approved, It's ready",
            ].merging(values) { $1 })
        let settings = Recovery.Settings(&environment)
        try environment.check()
        let account = harness.aws.account(with: ["LAMBDA": harness.lambdaURL])
        let invocation = Invocation(
            requestID: "recovery", deadline: harness.network.now + 60_000, payload: Array("{}".utf8))
        return JSON(try Recovery(settings, account, harness.network.client, harness.log.log).handle(invocation))
            ?? .null
    }

    /// The seeded orders are Approved; the simulator's clock is the real one, the ledger's is moved.
    private static func arrange() throws -> ProvisioningHarness {
        let harness = try ProvisioningHarness()
        harness.network.now = Timestamp.now() + 1_000_000
        return harness
    }

    @Test func whatNeverCameIsEnteredAndProvisioned() throws {
        let harness = try Self.arrange()
        try harness.run(Seed.closedClientOrder)
        #expect(try Self.recover(harness)["recovered"]?.integer ?? 0 >= 1)
        let entered = try harness.ledger()
        #expect((entered.status, entered.requestNumber, entered.correlationID) == (.accepted, 1, "reconciliation"))
        #expect(try harness.ledger(Seed.closedClientOrder).status == .failed, "Salesforce knows of this one")
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test func youngOrdersMayStillBeOnTheirWay() throws {
        let harness = try ProvisioningHarness()
        harness.network.now = Timestamp.now()
        #expect(try Self.recover(harness) == ["recovered": 0])
        #expect(try harness.aws.keys().filter { $0.hasPrefix("order#") } == [])
    }

    @Test func itIsOffUnlessAskedFor() throws {
        let harness = try Self.arrange()
        #expect(try Self.recover(harness, ["SF_RECONCILE": "false"]) == ["recovered": 0])
        #expect(harness.salesforce.state.requests == [])
    }

    @Test func aSalesforceThatIsDownKeepsNobodyWaiting() throws {
        let harness = try Self.arrange()
        try harness.request(Seed.order, 1)
        try harness.waitUntilDue()
        harness.salesforce.failNext(.maintenance, times: 100)
        #expect(try Self.recover(harness) == ["recovered": 1])
        #expect(harness.log.messages.contains { $0 == "reconciliation failed" })
    }

    @Test func withoutStatusesEveryOrderWouldBeMeant() throws {
        let harness = try ProvisioningHarness()
        let error = #expect(throws: FunctionError.self) {
            try Self.recover(harness, ["SF_PROVISIONABLE_STATUSES": ""])
        }
        #expect(error?.message.contains("SF_PROVISIONABLE_STATUSES") == true)
    }
}
