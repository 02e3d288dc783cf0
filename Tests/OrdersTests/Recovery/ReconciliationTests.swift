import Basics
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

/// Orders that Salesforce has and the ledger does not: their platform event was lost.
@Suite struct ReconciliationTests {
    /// Its clock is 17 min ahead of the simulator's, so that the seeded orders are no longer young.
    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
        harness.network.now = Timestamp.now() + 1_000_000
    }

    private func variables(_ values: [String: String] = [:]) -> [String: String] {
        [
            "SF_RECONCILE": "true", "SF_RECONCILE_SINCE": "2026-01-01",
            "SF_ACCESS_TOKEN_PARAMETER": harness.aws.parameter("token"),
            "SF_REFRESH_FUNCTION": "refresh-sf-token", "SF_PROVISIONABLE_STATUSES": "Approved, It's ready",
        ].merging(values) { $1 }
    }

    @discardableResult
    private func recover(_ event: JSON = [:], _ values: [String: String] = [:]) throws -> JSON {
        try harness.recover(event, variables(values))
    }

    private func entered() throws -> [String] {
        try harness.aws.keys().compactMap { ItemKey.orderID($0)?.text }
    }

    /// Leaves these orders as the only ones in Salesforce, and enters all but the missing ones in the ledger, as Failed.
    private func arrange(_ count: Int, missing: Set<Int>) throws -> [String] {
        let orders = harness.salesforce.update { state in
            for id in (state.records["Order"] ?? [:]).keys { state.delete("Order", id) }
            return (0..<count).map { _ in state.addOrder(account: Seed.account, lines: []) }
        }
        for (index, id) in orders.enumerated() where !missing.contains(index) {
            try harness.aws.set("order#\(id)", ["status": "Failed"])
        }
        return orders
    }

    // MARK: Which orders

    @Test("A missing order is entered, published by the next round, and provisioned") func missingOrder() throws {
        try harness.run(Seed.closedClientOrder)
        #expect(try recover() == ["recovered": 0])
        let order = try harness.ledger()
        #expect((order.status, order.requestNumber, order.correlationID) == (.accepted, 1, "reconciliation"))
        #expect(try harness.ledger(Seed.closedClientOrder).status == .failed, "not entered again")
        #expect(try recover()["recovered"] == 5)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("An order younger than 15 min is not entered") func youngOrder() throws {
        harness.network.now = Timestamp.now()
        #expect(try recover() == ["recovered": 0])
        #expect(try entered() == [])
    }

    @Test(
        "Only orders in an allowed status and created since the given time are entered",
        arguments: [
            (["SF_RECONCILE_SINCE": "2126-01-01"], 0), (["SF_RECONCILE_SINCE": "2026-01-01T01:00:00+01:00"], 6),
            (["SF_PROVISIONABLE_STATUSES": "Draft"], 1), (["SF_PROVISIONABLE_STATUSES": "*"], 7),
            (["PORTAL_PRICEBOOK_ID": "01sDn000000AbCe"], 0),
        ] as [([String: String], Int)])
    func selection(_ values: [String: String], _ count: Int) throws {
        harness.salesforce.update { state in
            let draft = state.addOrder(account: Seed.account, lines: [])
            state.add("Order", id: draft, (state.record("Order", draft) ?? [:]).merging(["Status": "Draft"]) { $1 })
        }
        try recover([:], values)
        #expect(try entered().count == count)
    }

    @Test("Pages of orders that the ledger knows do not hide a missing one") func knownOrders() throws {
        let orders = try arrange(420, missing: [410])
        try recover()
        #expect(try harness.ledger(orders[410]).correlationID == "reconciliation")
        #expect(harness.salesforce.state.requests.count { $0.hasSuffix("/query") } == 3)
    }

    // MARK: When

    @Test("Due orders are recovered first, also while Salesforce is down") func salesforceDown() throws {
        try harness.request()
        try harness.waitUntilDue()
        harness.salesforce.failNext(.maintenance, times: 100)
        var isPublished = false
        harness.network.before = { request in
            if request.action == "PutEvents" { isPublished = true }
            #expect(isPublished || !request.url.contains("/query"))
            return nil
        }
        #expect(try recover() == ["recovered": 1])
        #expect(harness.log.messages.contains { $0 == "reconciliation failed" })
    }

    @Test("A round reconciles for 10 s, and the next one continues") func timeLimit() throws {
        let orders = try arrange(250, missing: [0, 249])
        let recovery = try harness.recovery(variables())
        harness.network.before = { [network = harness.network] request in
            // 200 orders take 12 s.
            if request.action == "UpdateItem" { network.now += 60 }
            return nil
        }
        let start = harness.network.now
        #expect(try harness.invoke(recovery) == ["recovered": 0])
        #expect(harness.network.now - start < 10_100)
        #expect(harness.log.messages.contains { $0 == "reconciliation continues in the next round" })
        #expect(try harness.aws.order(orders[249]) == [:])
        // The first round's order is published, which ends its time in the due index.
        #expect(try harness.invoke(recovery) == ["recovered": 1])
        #expect(try harness.ledger(orders[249]).correlationID == "reconciliation")
    }

    @Test("A Salesforce that does not answer costs a round 10 s") func silence() throws {
        harness.network.before = { [network = harness.network] request in
            guard request.url.contains("/query") else { return nil }
            network.now += request.timeout ?? 0
            return .timedOut
        }
        let start = harness.network.now
        #expect(try recover() == ["recovered": 0])
        #expect(harness.network.now - start <= 10_000)
    }

    @Test(
        "Salesforce gets no request",
        arguments: [([:], ["SF_RECONCILE": "false"]), (["orderId": .string(Seed.order)], [:])]
            as [(JSON, [String: String])])
    func off(_ event: JSON, _ values: [String: String]) throws {
        try harness.request()
        try recover(event, values)
        #expect(harness.salesforce.state.requests == [])
    }
}
