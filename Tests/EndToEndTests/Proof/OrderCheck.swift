import AWS
import JSON
import Testbed

/// Checks what must hold of a settled order in the ledger, in WHMCS and in Salesforce.
struct OrderCheck {
    /// `Provisioned`, or the error code of a failed order.
    private(set) var end = "lost"
    /// What does not hold; empty when all is well.
    private(set) var violations: [String] = []

    private let harness: EndToEndHarness
    private let order: String
    private let client: Int
    private let allowedEnds: Set<String>

    init(_ harness: EndToEndHarness, order: String, client: Int, allowedEnds: Set<String>) {
        self.harness = harness
        self.order = order
        self.client = client
        self.allowedEnds = allowedEnds
        guard let item = try? harness.ledgerItem(order) else {
            violations = ["the ledger has no such order"]
            return
        }
        end = item["errorCode"]?.stringOrNumber ?? item["status"]?.stringOrNumber ?? "nothing"
        check(item)
    }

    private mutating func check(_ item: Table.Item) {
        expect(item.isSettled, "it is not settled: \(item)")
        expect(allowedEnds.contains(end), "it ended as \(end): \(item["errorMessage"]?.stringOrNumber ?? "")")
        let id = item["whmcsOrderId"]?.integer
        let named = harness.testbed.whmcs.state.orders.filter { $0.clientId == client && $0.notes.contains(order) }
        let reference = item["markerRef"]?.stringOrNumber ?? "none"
        let whmcsOrders = named.filter { $0.notes.contains("ref=\(reference)") && $0.status != "Cancelled" }
        let planted = named.filter { !$0.notes.contains(" ref=") }
        expect(planted.allSatisfy { $0.status == "Pending" }, "an order that the customer marked was touched")
        let active = whmcsOrders.filter { $0.status == "Active" }
        expect(whmcsOrders.count <= 1, "WHMCS has \(whmcsOrders.map { "\($0.id) \($0.status)" })")
        if item["status"] == "Provisioned" {
            expect(active.map(\.id) == [id], "active in WHMCS: \(active.map(\.id)); in the ledger: \(id ?? 0)")
            for one in active { checkServices(of: one) }
        } else {
            expect(active.isEmpty, "it is Failed, but active in WHMCS: \(active.map(\.id))")
        }
        checkSalesforce(item, harness.testbed.salesforce.record("Order", order) ?? [:])
    }

    private mutating func checkServices(of whmcsOrder: WHMCSSimulator.Order) {
        let services = harness.testbed.whmcs.state.services(ofOrder: whmcsOrder.id)
        expect(services.map(\.pid).sorted() == [185, 186, 186], "its services are \(services.map(\.pid))")
        expect(services.allSatisfy { $0.status == "Active" }, "its services are \(services.map(\.status))")
    }

    private mutating func checkSalesforce(_ item: Table.Item, _ record: [String: JSON]) {
        let pairs = [
            ("status", "Provisioning_Status__c"), ("whmcsOrderId", "WHMCS_Order_ID__c"),
            ("errorCode", "Provisioning_Error_Code__c"),
        ]
        for (attribute, field) in pairs {
            let value = item[attribute].flatMap { $0.stringOrNumber ?? $0.integer.map(String.init) }
            let reported = record[field]?.stringOrNumber
            expect(
                value == reported,
                "\(attribute) is \(value ?? "none") in the ledger and \(reported ?? "none") in Salesforce")
        }
    }

    private mutating func expect(_ holds: Bool, _ violation: String) {
        if !holds { violations.append(violation) }
    }
}
