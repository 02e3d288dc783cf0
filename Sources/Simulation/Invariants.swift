import AWS
import Basics
import JSON
import Orders
import Testbed

/// What must hold after every step, and at rest.
final class Invariants {
    private unowned let world: World
    private(set) var violations: [String] = []
    private var acceptedOrders: Set<String> = []
    private let secrets: [[UInt8]]

    init(_ world: World) {
        self.world = world
        secrets = [Services.Secrets.webhook, Services.Secrets.client, Services.Secrets.whmcs, "aws-secret"].map {
            Array($0.utf8)
        }
    }

    func violated(_ what: String) {
        world.trace.add(world.now, "invariant", "violated", what)
        violations.append(what)
    }

    func accepted(_ order: String) { acceptedOrders.insert(order) }

    func ledger(_ order: String) -> LedgerOrder? {
        world.services.table.item("order#\(order)").flatMap { LedgerOrder($0) }
    }

    // MARK: After every step

    func check(after call: OutboundCall) {
        switch call.service {
        case .dynamodb: checkDueTimes(call)
        case .whmcs where call.action == "AddOrder" || call.action == "AcceptOrder": checkOneLiveOrder()
        default: break
        }
    }

    /// An order that has not ended has a due time.
    private func checkDueTimes(_ call: OutboundCall) {
        guard call.action == "UpdateItem" || call.action == "TransactWriteItems" else { return }
        for key in world.services.table.lastWrites where key.hasPrefix("order#") {
            guard let item = world.services.table.item(key), let order = LedgerOrder(item) else {
                return violated("\(key) cannot be read")
            }
            if !order.hasEnded, order.dueAt == nil || item["open"] == nil {
                violated("\(key) is \(order.status.rawValue) without a due time")
            }
        }
    }

    private func checkOneLiveOrder() {
        for (order, ids) in world.services.whmcs.liveOrders() where ids.count > 1 {
            violated("\(order) has the WHMCS orders \(world.services.whmcs.described(ids))")
        }
    }

    func checkNoSecret(_ line: [UInt8]) {
        for secret in secrets where contains(line, secret) { violated("a secret is in a log line") }
    }

    private func contains(_ line: [UInt8], _ text: [UInt8]) -> Bool {
        line.withUnsafeBufferPointer { line in
            text.withUnsafeBufferPointer { text in
                guard line.count >= text.count, let first = text.first else { return false }
                for start in 0...(line.count - text.count) where line[start] == first {
                    if line[start..<start + text.count].elementsEqual(text) { return true }
                }
                return false
            }
        }
    }

    // MARK: At rest

    func isAtRest(_ orders: [String]) -> Bool {
        orders.allSatisfy { order in
            guard let ledger = ledger(order) else { return !acceptedOrders.contains(order) }
            return ledger.hasEnded && ledger.dueAt == nil
        }
    }

    func checkAtRest(_ orders: [String]) {
        for order in orders {
            guard let ledger = ledger(order) else {
                if acceptedOrders.contains(order) { violated("\(order) was accepted and is lost") }
                continue
            }
            guard ledger.hasEnded, ledger.dueAt == nil else {
                violated("\(order) has not ended: \(ledger.status.rawValue), due \(String(describing: ledger.dueAt))")
                continue
            }
            checkSalesforce(order, ledger)
            checkWHMCS(order, ledger)
        }
    }

    private func checkSalesforce(_ order: String, _ ledger: LedgerOrder) {
        let record = world.services.salesforce.record(order)
        let status = record?["Provisioning_Status__c"]?.string
        if status != ledger.status.rawValue {
            violated("\(order) is \(ledger.status.rawValue), and Salesforce says \(status ?? "nothing")")
        }
        let id = record?["WHMCS_Order_ID__c"]?.stringOrNumber
        if ledger.status == .provisioned, id != ledger.whmcsOrderID.map(String.init) {
            violated("\(order) is WHMCS order \(ledger.whmcsOrderID ?? 0), and Salesforce says \(id ?? "nothing")")
        }
    }

    private func checkWHMCS(_ order: String, _ ledger: LedgerOrder) {
        let live = world.services.whmcs.liveOrders()[order] ?? []
        switch ledger.status {
        case .provisioned:
            guard live == [ledger.whmcsOrderID ?? 0] else {
                return violated("\(order) is Provisioned as \(ledger.whmcsOrderID ?? 0), and WHMCS has \(live)")
            }
            if world.services.whmcs.status(live[0]) != "Active" { violated("\(order) is Provisioned and not Active") }
        case .failed:
            let decides = [
                "WHMCS_OUTCOME_UNKNOWN", "WHMCS_UNAVAILABLE", "SALESFORCE_UNAVAILABLE", "PROVISIONING_ERROR",
            ]
            if !live.isEmpty, !decides.contains(ledger.errorCode ?? "") {
                violated("\(order) Failed with \(ledger.errorCode ?? "no code"), and WHMCS has \(live)")
            }
        default: break
        }
    }
}
