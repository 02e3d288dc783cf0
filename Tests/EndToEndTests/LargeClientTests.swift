import Testbed
import Testing

/// A reseller: one client with thousands of orders, on a WHMCS that takes 2 s for each page of a list. A page takes a
/// quarter of that, and a run half of the real time, because a test machine needs time of its own for 10 000 rows.
@Suite struct LargeClientTests {
    private static let pageMilliseconds = 500
    private static let timeoutSeconds = 60

    @Test("An order of a client with 10 000 orders and services is provisioned by one run")
    func manyOrders() throws {
        let harness = try EndToEndHarness { configuration in
            configuration.timeoutSeconds = ["provision-order": Self.timeoutSeconds]
        }
        defer { harness.testbed.stop() }
        let (order, client) = harness.newOrder()
        harness.testbed.whmcs.update { state in
            for _ in 0..<10_000 { _ = state.addOrder(client: client, notes: "another order") }
        }
        for list in ["GetOrders", "GetClientsProducts"] {
            harness.testbed.whmcs.failNext(.delayThenAct(milliseconds: Self.pageMilliseconds), on: list, times: 1_000)
        }
        try harness.fulfill(order)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(try harness.ledger(order)["tries"]?.integer == 1, "runs")
        #expect(harness.whmcsOrders(client).count { $0.notes.contains(order) } == 1)
        // 42 pages find no marker; then one call reads the order back, and one its status.
        let calls = harness.testbed.whmcs.state.actions
        #expect(calls.count { $0 == "GetOrders" } <= 42 + 3)
        #expect(calls.count { $0 == "GetClientsProducts" } <= 42)
    }
}
