import Basics
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// How long a run takes, by a clock that only its calls move: WHMCS 300 ms, Salesforce 150 ms, AWS 8 ms.
@Suite struct RunDurationTests {
    /// What must follow one another: the order is read, then the client and its products; AddOrder, the reading back,
    /// AcceptOrder, the services; the final status. Between them the ledger: the lease, the plan, AddOrder's mark and its
    /// order, the services, AcceptOrder's mark and its answer, the end.
    private static let criticalPath = 150 + 300 + 300 + 300 + 300 + 300 + 150 + 8 * 8

    private func harness(_ values: [String: String] = [:]) throws -> ProvisioningHarness {
        let harness = try ProvisioningHarness(values)
        // The process has its token, and knows that WHMCS returns markers.
        try harness.run(harness.addOrder([Seed.Line(Seed.hosting)]))
        try harness.request()
        let salesforce = harness.salesforce.url
        harness.network.latency = { request in
            !request.whmcsAction.isEmpty ? 300 : request.url.hasPrefix(salesforce) ? 150 : 8
        }
        return harness
    }

    @Test(
        "A run takes little more than what must follow one another",
        arguments: [[:], ["WHMCS_REQUIRE_PAY_METHOD": "false"]])
    func shortRoad(_ values: [String: String]) throws {
        let harness = try harness(values)
        let start = harness.network.now
        #expect(try harness.run()["status"] == "Provisioned")
        let elapsed = harness.network.now - start
        #expect(elapsed <= Self.criticalPath * 115 / 100)
        // The rest is the ledger: the breakers, the marks of three writes to Salesforce, and that Activating is reported.
        #expect(elapsed == Self.criticalPath + 5 * 8)
    }

    @Test("Salesforce's writes run beside WHMCS's reads, and writes that cost money alone") func batches() throws {
        let harness = try harness()
        let sent = harness.network.requests.count
        let batchesBefore = harness.network.batches.count
        try harness.run()
        var requests = harness.network.requests[sent...]
        let batches = harness.network.batches[batchesBefore...].map { count in
            defer { requests = requests.dropFirst(count) }
            return requests.prefix(count).map { $0.whmcsAction.isEmpty ? $0.method : $0.whmcsAction }
        }
        let beside = batches.filter { $0.count > 1 }
        #expect(
            beside == [
                ["PATCH", "GetClientsDetails", "GetPayMethods", "GetProducts"],
                ["PATCH", "GetOrders", "GetClientsProducts", "GetOrders"],
            ])
        for action in ["AddOrder", "AcceptOrder"] { #expect(batches.contains([action])) }
    }

    @Test("A refused write to Salesforce counts before what was read beside it") func salesforceFirst() throws {
        let harness = try harness()
        harness.salesforce.failNext(.maintenance, on: "PATCH", times: 9)
        harness.whmcs.failNext(.maintenance, on: "GetProducts", times: 9)
        try harness.run()
        #expect(try harness.ledger().errorCode == "SALESFORCE_UNAVAILABLE")
    }
}

extension RunDurationTests {
    /// Salesforce answers Activating at once, WHMCS a read beside it after half a minute, and between both other runs find
    /// that Salesforce is down.
    @Test("An answer that waited for another call closes no breaker that opened meanwhile") func oldAnswer() throws {
        let harness = try harness()
        let salesforce = harness.salesforce.url
        harness.network.latency = { $0.whmcsAction == "GetProducts" ? 30_000 : 1 }
        var isDown = false
        harness.network.before = { [harness] request in
            if request.whmcsAction == "GetProducts" {
                isDown = true
                let opened = harness.network.now + 20_000
                let breaker: JSON = [
                    "failures": 5, "openedAt": .milliseconds(opened), "openUntil": .milliseconds(opened + 60_000),
                ]
                try? harness.aws.set("breakers", ["salesforce": breaker, "revision": "another run's"])
                return nil
            }
            return isDown && request.url.hasPrefix(salesforce) ? .timedOut : nil
        }
        try harness.run()
        #expect(try harness.breaker(.salesforce).openedAt != nil)
    }
}
