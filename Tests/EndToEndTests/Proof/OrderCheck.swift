import AWS
import JSON
import Testbed

/// What must hold of an order when nothing moves any more.
struct Verdict {
    let world: World
    let order: String
    let client: Int

    /// The ends that are no breach of the promise.
    let allowedEnds: Set<String>

    /// `Provisioned`, or the code of the failure.
    private(set) var end = "lost"
    /// Every breach; empty when all is well.
    private(set) var complaints: [String] = []

    init(_ world: World, order: String, client: Int, endingAs allowedEnds: Set<String>) {
        self.allowedEnds = allowedEnds
        self.world = world
        self.order = order
        self.client = client
        guard let item = try? world.ledgerItem(order) else {
            complaints = ["the ledger does not know it"]
            return
        }
        end = item["errorCode"]?.stringOrNumber ?? item["status"]?.stringOrNumber ?? "nothing"
        judge(item)
    }

    private mutating func judge(_ item: Table.Item) {
        expect(item.isSettled, "it has not ended: \(item)")
        expect(allowedEnds.contains(end), "it ended as \(end): \(item["errorMessage"]?.stringOrNumber ?? "")")
        let id = item["whmcsOrderId"]?.integer
        let made = world.stack.whmcs.state.orders.filter {
            $0.clientId == client && $0.notes.contains(order) && $0.status != "Cancelled"
        }
        let active = made.filter { $0.status == "Active" }
        expect(made.count <= 1, "WHMCS has \(made.map { "\($0.id) \($0.status)" })")
        if item["status"] == "Provisioned" {
            expect(active.map(\.id) == [id], "active in WHMCS are \(active.map(\.id)), the ledger says \(id ?? 0)")
            for one in active { judge(one) }
        } else {
            expect(active.isEmpty, "it is Failed, and \(active.map(\.id)) is active in WHMCS")
        }
        judge(item, world.stack.salesforce.record("Order", order) ?? [:])
    }

    private mutating func judge(_ made: WHMCSSimulator.Order) {
        let services = world.stack.whmcs.state.services(ofOrder: made.id)
        expect(services.map(\.pid).sorted() == [185, 186, 186], "its services are \(services.map(\.pid))")
        expect(services.allSatisfy { $0.status == "Active" }, "its services are \(services.map(\.status))")
    }

    private mutating func judge(_ item: Table.Item, _ record: [String: JSON]) {
        let pairs = [
            ("status", "Provisioning_Status__c"), ("whmcsOrderId", "WHMCS_Order_ID__c"),
            ("errorCode", "Provisioning_Error_Code__c"),
        ]
        for (ours, theirs) in pairs {
            let mine = item[ours].flatMap { $0.stringOrNumber ?? $0.integer.map(String.init) }
            let its = record[theirs]?.stringOrNumber
            expect(mine == its, "\(ours) is \(mine ?? "none") in the ledger and \(its ?? "none") in Salesforce")
        }
    }

    private mutating func expect(_ holds: Bool, _ complaint: String) {
        if !holds { complaints.append(complaint) }
    }
}
