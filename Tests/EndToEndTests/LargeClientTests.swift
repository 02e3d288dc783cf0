import Testbed
import Testing

/// A reseller: one client with thousands of orders, on a WHMCS that takes a while for each page of a list.
@Suite struct LargeClientTests {
    /// 2 s in reality.
    private static let pageMilliseconds = 500
    /// 10 000 rows in pages of 250, of which neighbours share 10.
    private static let pages = 42

    @Test("An order of a client with 10 000 orders and services is provisioned by one run")
    func manyOrders() throws {
        let harness = try EndToEndHarness()
        defer { harness.testbed.stop() }
        let (order, client) = harness.newOrder()
        harness.testbed.whmcs.update { state in
            for _ in 0..<10_000 { _ = state.addOrder(client: client, notes: "another order") }
        }
        for list in ["GetOrders", "GetClientsProducts"] {
            harness.testbed.whmcs.failNext(
                .delayThenAct(milliseconds: Self.pageMilliseconds), on: list, times: 1_000)
        }
        try harness.fulfill(order)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(try harness.ledger(order)["tries"]?.integer == 1, "runs")
        #expect(harness.whmcsOrders(client).count { $0.notes.contains(order) } == 1)

        // All pages find no marker; then single calls read back the order, its services and their states.
        let calls = harness.testbed.whmcs.state.actions
        #expect(calls.count { $0 == "GetOrders" } <= Self.pages + 3)
        #expect(calls.count { $0 == "GetClientsProducts" } <= 10)
        // One after the other they would take longer, on any machine.
        let step = harness.log("provision-order").first { $0["step"] == "whmcs_create" }
        #expect(try #require(step?["milliseconds"]?.integer) < Self.pages * Self.pageMilliseconds)
    }
}
