import Basics
import HTTP
import TestSupport
import Testbed
import Testing

@testable import Orders

/// A side that answers reads, and carries no write out.
@Suite struct PartialOutageTests {
    private let harness: ProvisioningHarness
    private let orders: [String]

    init() throws {
        let harness = try ProvisioningHarness()
        self.harness = harness
        orders = [Seed.order] + (1...7).map { _ in harness.addOrder([Seed.Line(Seed.hosting)]) }
    }

    private var addOrders: Int { harness.network.requests.count { $0.whmcsAction == "AddOrder" } }

    /// AddOrder is not answered, and not carried out.
    private func loseAddOrders() throws {
        harness.network.before = { $0.whmcsAction == "AddOrder" ? .timedOut : nil }
        for order in orders.prefix(5) { #expect(try harness.run(order)["status"] == "Activating") }
        #expect(try harness.breaker(.addOrder).openedAt != nil)
    }

    @Test("After five AddOrders without an answer the others wait without one") func addOrder() throws {
        try loseAddOrders()
        #expect(harness.alerts.count == 1)
        #expect(harness.alerts.first?.hasPrefix("WHMCS's AddOrder does not answer since ") == true)
        let count = harness.network.requests.count
        #expect(try harness.run(orders[5])["status"] == "Activating")
        let waiting = try harness.ledger(orders[5])
        #expect((waiting.attempts, waiting.errorCode, waiting.addOrder) == (0, "WHMCS_UNAVAILABLE", .none))
        #expect(harness.network.requests.dropFirst(count).allSatisfy { !harness.isWHMCS($0) })
    }

    @Test("An AddOrder that is answered closes it, and reads do not") func probe() throws {
        try loseAddOrders()
        harness.network.now += 31_000
        // It fails after its reads, before AddOrder.
        try harness.request(1, Seed.unmappedOrder)
        #expect(try harness.run(Seed.unmappedOrder)["status"] == "Failed")
        #expect(try harness.breaker(.addOrder).openedAt != nil)
        harness.network.before = { _ in nil }
        #expect(try harness.run(orders[5])["status"] == "Provisioned")
        #expect(try harness.breaker(.addOrder).openedAt == nil)
        #expect(harness.alerts.last?.hasPrefix("WHMCS's AddOrder answers again; ") == true)
        #expect(try harness.run(orders[6])["status"] == "Provisioned")
    }

    @Test("One order at a time probes AddOrder, and a silent one lasts longer") func oneProbe() throws {
        try loseAddOrders()
        harness.network.now += 31_000
        harness.network.before = { [harness, orders] request in
            guard request.whmcsAction == "AddOrder" else { return nil }
            // While the probe runs.
            if addOrders == 6 { _ = try? harness.run(orders[6]) }
            return .timedOut
        }
        #expect(try harness.run(orders[5])["status"] == "Activating")
        #expect(addOrders == 6)
        #expect(try harness.ledger(orders[6]).attempts == 0)
        #expect(try harness.breaker(.addOrder).failures == 6)
    }

    @Test("An order in doubt is looked for after the quiet time, and its search says nothing of AddOrder")
    func inDoubt() throws {
        try loseAddOrders()
        let before = try harness.breaker(.addOrder)
        try harness.carryOutAddOrderLate()
        harness.network.now += 600_000
        #expect(try harness.run(orders[4])["status"] == "Provisioned")
        #expect(try harness.breaker(.addOrder) == before)
        #expect(addOrders == 5)
    }

    @Test("An order in doubt that would be sent again waits like the others") func secondSend() throws {
        try harness.run(Seed.otherOrder)
        try loseAddOrders()
        let sent = addOrders
        harness.network.now += 600_000
        // Another order probes.
        #expect(try harness.run(orders[5])["status"] == "Activating")
        let attempts = try harness.ledger(orders[0]).attempts
        #expect(try harness.run(orders[0])["status"] == "Activating")
        #expect(addOrders == sent + 1)
        #expect(try harness.ledger(orders[0]).attempts == attempts)
        harness.network.before = { _ in nil }
        harness.network.now += 600_000
        for order in orders.prefix(6) { try harness.runWhileDue(order) }
        for order in orders.prefix(6) { #expect(try harness.ledger(order).status == .provisioned) }
    }

    @Test("What WHMCS never received or refuses is no unanswered AddOrder", arguments: [0, 1])
    private func otherFailures(_ kind: Int) throws {
        harness.network.before = { request in
            guard request.whmcsAction == "AddOrder" else { return nil }
            return kind == 0 ? .unreachable : .answer(200, #"{"result":"error","message":"no"}"#)
        }
        for order in orders { try harness.run(order) }
        #expect(try harness.breaker(.addOrder) == Breaker())
    }

    @Test("A Salesforce that takes no writes is an outage, although it answers reads", arguments: [false, true])
    private func maintenance(_ isInCollection: Bool) throws {
        let code = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
        harness.network.before = { request in
            guard request.method == "PATCH" else { return nil }
            guard request.url.hasSuffix("/composite/sobjects") else {
                return isInCollection ? nil : .answer(400, #"[{"errorCode":"\#(code)","message":"read only"}]"#)
            }
            // Of the order and its line.
            let result = #"{"success":false,"errors":[{"statusCode":"\#(code)","message":"read only"}]}"#
            return .answer(200, "[\(result),\(result)]")
        }
        for order in orders.dropFirst().prefix(5) { try harness.run(order) }
        #expect(try harness.breaker(.salesforce).openedAt != nil)
        let count = harness.network.requests.count
        #expect(try harness.run(orders[6])["status"] == "Activating")
        #expect(harness.calls(since: count) == 0)
        #expect(try harness.ledger(orders[6]).attempts == 0)
        harness.network.before = { _ in nil }
        harness.network.now += 600_000
        for order in orders.dropFirst() {
            try harness.run(order)
            try harness.runWhileDue(order)
            #expect(try harness.ledger(order).status == .provisioned)
        }
        #expect(try harness.breaker(.salesforce).openedAt == nil)
    }
}
