import Basics
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// WHMCS or Salesforce does not answer any order.
@Suite struct OutageTests {
    private let harness: ProvisioningHarness
    private let orders: [String]

    init() throws {
        let harness = try ProvisioningHarness()
        self.harness = harness
        orders = [Seed.order] + (1...6).map { _ in harness.addOrder([Seed.Line(Seed.hosting)]) }
    }

    private var alerts: [String] { harness.alerts }

    private func breakOff(_ side: Side) {
        harness.network.before = { [harness] request in
            (side == .whmcs ? harness.isWHMCS(request) : harness.isSalesforce(request)) ? .timedOut : nil
        }
    }

    /// Runs five orders, which find the outage.
    private func open(_ side: Side) throws {
        breakOff(side)
        for order in orders.prefix(5) { #expect(try harness.run(order)["status"] == "Activating") }
        #expect(try harness.breaker(side).openedAt != nil)
    }

    @Test(
        "Five orders find an outage, the others wait without a call and without an attempt",
        arguments: [Side.salesforce, .whmcs])
    private func found(_ side: Side) throws {
        try open(side)
        let opened = alerts
        #expect(opened.count == 1)
        #expect(opened.first?.hasPrefix("\(side.name) does not answer since ") == true)
        let count = harness.network.requests.count
        #expect(try harness.run(orders[5])["status"] == "Activating")
        // Salesforce shows that it waits.
        #expect(harness.calls(since: count) == (side == .whmcs ? 1 : 0))
        let order = try harness.ledger(orders[5])
        #expect(order.attempts == 0)
        #expect(order.errorCode == (side == .whmcs ? "WHMCS_UNAVAILABLE" : "SALESFORCE_UNAVAILABLE"))
        #expect(order.errorMessage?.hasPrefix("\(side.name) has not answered any order since ") == true)
        #expect(order.dueAt ?? 0 > harness.network.now)
        #expect(try harness.leaseUntil(orders[5]) == nil)
        #expect(alerts == opened)
    }

    @Test("One order at a time probes, and its answer closes the breaker", arguments: [Side.salesforce, .whmcs])
    private func probe(_ side: Side) throws {
        try open(side)
        harness.network.now += 31_000 + 120_000
        var waiting: JSON = .null
        harness.network.before = { [harness, orders] request in
            guard waiting == .null, !request.whmcsAction.isEmpty else { return nil }
            waiting = [:]
            // While the probe runs.
            let count = harness.network.requests.count
            waiting = (try? harness.run(orders[6])) ?? .null
            #expect(harness.calls(since: count) == (side == .whmcs ? 1 : 0))
            return nil
        }
        #expect(try harness.run(orders[5])["status"] == "Provisioned")
        #expect(waiting["status"] == "Activating")
        #expect(alerts.count == 2)
        #expect(alerts.last?.hasPrefix("\(side.name) answers again; orders continue after an outage since ") == true)
        for order in orders where order != orders[5] { #expect(try harness.run(order)["status"] == "Provisioned") }
    }

    @Test("A run that loses the probe to another makes no call", arguments: [Side.salesforce, .whmcs])
    private func lostProbe(_ side: Side) throws {
        try harness.open(side, until: harness.network.now)
        harness.network.before = { [harness] request in
            guard request.action == "UpdateItem", request.text.contains("probedUntil") else { return nil }
            harness.network.before = { _ in nil }
            var breakers = try? Breakers(harness.quietLedger)
            _ = try? breakers?.change(side) { $0.probed(until: harness.network.now + 120_000) }
            return nil
        }
        #expect(try harness.run(orders[0])["status"] == "Activating")
        #expect(harness.calls() == (side == .whmcs ? 1 : 0))
        #expect(try harness.ledger(orders[0]).attempts == 0)
    }

    @Test(
        "After a day's outage every order continues by itself, and few calls were made",
        arguments: [Side.salesforce, .whmcs])
    private func day(_ side: Side) throws {
        breakOff(side)
        let end = harness.network.now + 86_400_000
        func next() throws -> (order: String, dueAt: Timestamp)? {
            try orders.compactMap { order in try harness.ledger(order).dueAt.map { (order, $0) } }.min { $0.1 < $1.1 }
        }
        for order in orders { try harness.run(order) }
        let count = harness.network.requests.count
        while let (order, dueAt) = try next(), dueAt < end {
            harness.network.now = max(harness.network.now, dueAt) + 1
            try harness.run(order)
        }
        // A probe every 5 min or less, of at most 20 requests with their retries.
        #expect((200...600 * 20).contains(harness.calls(since: count)))
        #expect(alerts.count == 1)
        harness.network.before = { _ in nil }
        while let (order, _) = try next() { try harness.runWhenDue(order) }
        for order in orders { #expect(try harness.ledger(order).status == .provisioned) }
        #expect(alerts.count == 2)
    }

    @Test("In good times a run reads the breakers once, and writes nothing") func goodTimes() throws {
        try harness.run()
        let ofBreakers = harness.network.requests.filter { $0.text.contains("\"breakers\"") }
        #expect(ofBreakers.map(\.action) == ["GetItem"])
    }

    @Test("What one order alone does wrong leaves the breaker closed") func ownFaults() throws {
        for number in 1...6 {
            try harness.request(number, Seed.unmappedOrder)
            #expect(try harness.run(Seed.unmappedOrder)["status"] == "Failed")
        }
        // The rest of the run had answers.
        harness.network.before = { $0.whmcsAction == "GetProducts" ? .timedOut : nil }
        for order in orders { try harness.run(order) }
        for side in Side.allCases { #expect(try harness.breaker(side).openedAt == nil) }
    }

    @Test("Refused credentials fail one order, and the others wait until they are accepted") func refused() throws {
        harness.whmcs.configuration.allowedAddresses = ["192.0.2.1"]
        harness.whmcs.configuration.callerAddress = "192.0.2.9"
        #expect(try harness.run(orders[0])["status"] == "Failed")
        let count = harness.network.requests.count
        for order in orders[1...3] { #expect(try harness.run(order)["status"] == "Activating") }
        #expect(!harness.network.requests.dropFirst(count).contains { harness.isWHMCS($0) })
        // Nobody has fixed it: the probe waits, too.
        harness.network.now += 61_000
        #expect(try harness.run(orders[1])["status"] == "Activating")
        #expect(try harness.ledger(orders[1]).attempts == 0)
        harness.whmcs.configuration.allowedAddresses = nil
        harness.network.now += 301_000
        for order in orders.dropFirst() { #expect(try harness.run(order)["status"] == "Provisioned") }
    }

    @Test("An order in doubt keeps its quiet time, and is not ordered twice") func inDoubt() throws {
        try harness.loseAddOrder()
        try open(.whmcs)
        harness.network.now += 3_600_000
        #expect(try harness.run()["status"] == "Activating")
        harness.network.before = { _ in nil }
        harness.network.now += 3_600_000
        while try harness.ledger().dueAt != nil { try harness.runWhenDue() }
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN", "no marker was proven yet")
        #expect(harness.network.requests.count { $0.whmcsAction == "AddOrder" } == 1)
    }

    /// Imunify360, and the API gateways of hosting companies.
    @Test("JSON of a firewall or a gateway is no answer of WHMCS", arguments: [200, 403, 429, 503])
    func gateway(_ status: Int) throws {
        harness.network.before = { [harness] in
            harness.isWHMCS($0) ? .answer(status, #"{"message":"Access denied by bot-protection"}"#) : nil
        }
        for order in orders.prefix(5) { try harness.run(order) }
        #expect(try harness.breaker(.whmcs).openedAt != nil)
        try harness.run(orders[5])
        #expect(try harness.ledger(orders[5]).attempts == 0)
    }
}
