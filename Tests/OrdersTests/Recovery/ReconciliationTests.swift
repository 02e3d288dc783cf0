import Basics
import JSON
import Lambda
import Testbed
import Testing

@testable import Orders

/// Orders that Salesforce has and nobody ever requested here.
@Suite struct ReconciliationTests {
    private static func recover(_ works: Works, _ values: [String: String] = [:]) throws -> JSON {
        var environment = Environment(
            [
                "LEDGER_TABLE": works.cloud.table, "EVENT_BUS_NAME": works.cloud.bus, "SF_RECONCILE": "true",
                "SF_ACCESS_TOKEN_PARAMETER": works.cloud.parameter("token"), "SF_REFRESH_FUNCTION": "refresh-sf-token",
                "SF_PROVISIONABLE_STATUSES": "Approved, It's ready",
            ].merging(values) { $1 })
        let settings = Recovery.Settings(&environment)
        try environment.check()
        let account = works.cloud.account(with: ["LAMBDA": works.lambdaURL])
        let invocation = Invocation(requestID: "recovery", deadline: works.wire.now + 60_000, payload: Array("{}".utf8))
        return JSON(try Recovery(settings, account, works.wire.client, works.log.log).handle(invocation)) ?? .null
    }

    /// The seeded orders are Approved; the simulator's clock is the real one, the ledger's is moved.
    private static func arrange() throws -> Works {
        let works = try Works()
        works.wire.now = Timestamp.now() + 1_000_000
        return works
    }

    @Test func whatNeverCameIsEnteredAndProvisioned() throws {
        let works = try Self.arrange()
        try works.run(Seed.closedClientOrder)
        #expect(try Self.recover(works)["recovered"]?.integer ?? 0 >= 1)
        let entered = try works.ledger()
        #expect((entered.status, entered.attempt, entered.correlationID) == (.accepted, 1, "reconciliation"))
        #expect(try works.ledger(Seed.closedClientOrder).status == .failed, "Salesforce knows of this one")
        #expect(try works.run()["status"] == "Provisioned")
    }

    @Test func youngOrdersMayStillBeOnTheirWay() throws {
        let works = try Works()
        works.wire.now = Timestamp.now()
        #expect(try Self.recover(works) == ["recovered": 0])
        #expect(try works.cloud.keys().filter { $0.hasPrefix("order#") } == [])
    }

    @Test func itIsOffUnlessAskedFor() throws {
        let works = try Self.arrange()
        #expect(try Self.recover(works, ["SF_RECONCILE": "false"]) == ["recovered": 0])
        #expect(works.salesforce.state.requests == [])
    }

    @Test func aSalesforceThatIsDownKeepsNobodyWaiting() throws {
        let works = try Self.arrange()
        try works.request(Seed.order, 1)
        try works.waitUntilDue()
        works.salesforce.failNext(.maintenance, times: 100)
        #expect(try Self.recover(works) == ["recovered": 1])
        #expect(works.log.messages.contains { $0.hasPrefix("Salesforce could not be asked for missed orders") })
    }

    @Test func withoutStatusesEveryOrderWouldBeMeant() throws {
        let works = try Works()
        let error = #expect(throws: FunctionError.self) {
            try Self.recover(works, ["SF_PROVISIONABLE_STATUSES": ""])
        }
        #expect(error?.message.contains("SF_PROVISIONABLE_STATUSES") == true)
    }
}
