import AWS
import Basics
import JSON
import Orders
import Testbed

/// What must hold after every step, and at rest.
package final class Invariants {
    /// One of them was broken.
    package struct Violation: Sendable, Equatable, CustomStringConvertible {
        package var kind: Kind
        package var details: String

        package var description: String { "\(kind.rawValue): \(details)" }
    }

    package enum Kind: String, Sendable {
        case duplicateOrder = "two live WHMCS orders for one Salesforce order"
        case overlap = "a WHMCS action of one order twice at work at once"
        case forgotten = "an order that has not ended has no due time"
        case misplaced = "the index of failed orders lists another order, or lacks one"
        case nonceReused = "a nonce or idempotency key made two requests"
        case uncalledRequest = "an order was requested more often than anybody asked"
        case refusedRequest = "a valid request was refused"
        case plantedOrderTouched = "a customer's own order was touched"
        case needlessFailure = "WHMCS had no reason to reject the order"
        case secretLogged = "a secret is in a log line"
        case lost = "an accepted order is lost"
        case unfinished = "an order has not ended"
        case falseStatus = "ledger, WHMCS and Salesforce disagree"
        case failedByOutage = "an order failed because of an outage alone"
        case busyOutage = "many calls in an outage"
        case crowded = "more runs of provision-order at once than the queue permits"
        case unknownCall = "a call that no service answers"
    }

    private unowned let world: World
    private(set) var violations: [Violation] = []
    private var acceptedOrders: Set<String> = []
    /// Order → how many requests were made for it.
    private var requests: [String: Int] = [:]
    /// Claimed nonces and keys → when.
    private var claims: [String: Timestamp] = [:]
    /// `AcceptOrder 12` → how many WHMCS has at work.
    private var atWork: [String: Int] = [:]
    private let secrets: [[UInt8]]
    /// See `isAtRest`.
    private var lastUnrest = 0

    init(_ world: World) {
        self.world = world
        secrets = Services.Secrets.all.map { Array($0.utf8) }
    }

    func violated(_ kind: Kind, _ details: String) {
        world.trace.add(world.now, "invariant", "violated: \(kind.rawValue)", details)
        violations.append(Violation(kind: kind, details: details))
    }

    func accepted(_ order: String) { acceptedOrders.insert(order) }

    /// Somebody asks for the order with a new key, or a new platform event.
    func requested(_ order: String) { requests[order, default: 0] += 1 }

    func ledger(_ order: String) -> LedgerOrder? {
        world.services.table.item("order#\(order)").flatMap { LedgerOrder($0) }
    }

    // MARK: After every step

    /// WHMCS has received an action, and works on it.
    ///
    /// - Returns: the work that must end; nil for an action that may overlap.
    func begins(_ call: OutboundCall) -> String? {
        guard let work = workName(call) else { return nil }
        atWork[work, default: 0] += 1
        let isAllowed = world.plan.behaviours.actsVeryLate && call.action == "AddOrder"
        if atWork[work] ?? 0 > 1, !isAllowed { violated(.overlap, work) }
        return work
    }

    func ends(_ work: String) { atWork[work, default: 0] -= 1 }

    private func workName(_ call: OutboundCall) -> String? {
        switch call.action {
        case "AddOrder" where call.service == .whmcs:
            return "AddOrder for \(SimulatedWHMCS.marker(in: call.request.body) ?? "")"
        case "AcceptOrder":
            return "AcceptOrder \(call.formField("orderid") ?? "")"
        default: return nil
        }
    }

    func check(after call: OutboundCall) {
        switch (call.service, call.action) {
        case (.dynamodb, "UpdateItem"): checkDueTimes()
        case (.dynamodb, "TransactWriteItems"):
            checkDueTimes()
            checkClaims()
        case (.dynamodb, "PutItem"): checkClaims()
        case (.whmcs, "AddOrder"):
            SimulatedWHMCS.marker(in: call.request.body).map(checkOneLiveOrder)
            checkPlantedOrders()
        case (.whmcs, "AcceptOrder"):
            call.formField("orderid").flatMap(Int.init).flatMap(world.services.whmcs.origin).map(checkOneLiveOrder)
            checkPlantedOrders()
        default: break
        }
    }

    /// An order that has not ended has a due time.
    private func checkDueTimes() {
        for key in world.services.table.lastWrites where key.hasPrefix("order#") {
            guard let item = world.services.table.item(key), let order = LedgerOrder(item) else {
                return violated(.forgotten, "\(key) cannot be read")
            }
            if !order.hasEnded, order.dueAt == nil || item[TableAttribute.open] == nil {
                violated(.forgotten, "\(key) is \(order.status.rawValue)")
            }
            checkFailed(order, item)
            checkOutage(order)
        }
    }

    /// The index `failed` has an order while it has both key attributes: from its failure until it is requested again.
    private func checkFailed(_ order: LedgerOrder, _ item: [String: JSON]) {
        let isListed = item[TableAttribute.errorCode] != nil && item[TableAttribute.endedAt] != nil
        let hasFailed = order.status == .failed || item["step"] == "sf_failure_update"
        if isListed != hasFailed { violated(.misplaced, "\(item["pk"]?.string ?? "") is \(order.status.rawValue)") }
    }

    /// In an episode with no other faults, nothing else makes a side unavailable. A burst's faults are too few to make an order
    /// fail.
    private func checkOutage(_ order: LedgerOrder) {
        guard order.status == .failed, let code = order.errorCode,
            world.plan.burst != nil
                || world.plan.rates == .none && ["WHMCS_UNAVAILABLE", "SALESFORCE_UNAVAILABLE"].contains(code)
        else { return }
        violated(.failedByOutage, "\(code) \(order.errorMessage ?? "")")
    }

    /// A request claims its nonce for ever, and its idempotency key for a day.
    private func checkClaims() {
        for key in world.services.table.lastWrites {
            guard key.hasPrefix("nonce#") || key.hasPrefix("key#") else { continue }
            if let before = claims[key], key.hasPrefix("nonce#") || world.now < before + 86_400_000 {
                violated(.nonceReused, key)
            }
            claims[key] = world.now
        }
    }

    /// No call changes the WHMCS orders of another Salesforce order.
    private func checkOneLiveOrder(of order: String) {
        let ids = liveOrders(of: order)
        if ids.count > 1 { violated(.duplicateOrder, "\(order) has \(world.services.whmcs.described(ids))") }
    }

    /// Of a WHMCS that acts after the quiet time only the accepted orders: it may leave a Pending one.
    private func liveOrders(of order: String) -> [Int] {
        let whmcs = world.services.whmcs
        let live = whmcs.liveOrders(of: order)
        return world.plan.behaviours.actsVeryLate ? live.filter { whmcs.status($0) == "Active" } : live
    }

    private func checkPlantedOrders() {
        let touched = world.services.whmcs.touchedPlantedOrders()
        if !touched.isEmpty { violated(.plantedOrderTouched, world.services.whmcs.described(touched)) }
    }

    func checkNoSecret(_ line: [UInt8]) {
        for secret in secrets where line.position(of: secret) != nil { violated(.secretLogged, "") }
    }
}

// MARK: At rest

extension Invariants {
    /// It is asked after every step: the order that was not at rest then is the first to be looked at.
    func isAtRest(_ orders: [String]) -> Bool {
        for place in orders.indices {
            let candidate = (lastUnrest + place) % orders.count
            if !isAtRest(orders[candidate]) {
                lastUnrest = candidate
                return false
            }
        }
        return true
    }

    private func isAtRest(_ order: String) -> Bool {
        guard let ledger = ledger(order) else { return !acceptedOrders.contains(order) }
        // A person still acts on a Failed order.
        return ledger.status == .provisioned && ledger.dueAt == nil
    }

    func checkAtRest(_ orders: [String]) {
        for order in orders {
            guard let ledger = ledger(order) else {
                if acceptedOrders.contains(order) { violated(.lost, order) }
                continue
            }
            guard ledger.hasEnded, ledger.dueAt == nil else {
                violated(
                    .unfinished,
                    "\(order) is \(ledger.status.rawValue), due \(ledger.dueAt.map(\.iso8601) ?? "never")")
                continue
            }
            checkRequests(order, ledger)
            checkSalesforce(order, ledger)
            checkWHMCS(order, ledger)
        }
    }

    private func checkRequests(_ order: String, _ ledger: LedgerOrder) {
        let most = (requests[order] ?? 0) + (world.plan.behaviours.reconciles ? 1 : 0)
        if ledger.requestNumber > most {
            violated(.uncalledRequest, "\(order) has request \(ledger.requestNumber) of \(most)")
        }
    }

    private func checkSalesforce(_ order: String, _ ledger: LedgerOrder) {
        let record = world.services.salesforce.record(order)
        let status = record?["Provisioning_Status__c"]?.string
        if status != ledger.status.rawValue {
            violated(
                .falseStatus, "\(order) is \(ledger.status.rawValue), and Salesforce says \(status ?? "nothing")")
        }
        let id = record?["WHMCS_Order_ID__c"]?.stringOrNumber
        if ledger.status == .provisioned, id != ledger.whmcsOrderID.map(String.init) {
            violated(
                .falseStatus,
                "\(order) is WHMCS order \(ledger.whmcsOrderID ?? 0), and Salesforce says \(id ?? "nothing")")
        }
    }

    private func checkWHMCS(_ order: String, _ ledger: LedgerOrder) {
        let live = liveOrders(of: order)
        switch ledger.status {
        case .provisioned:
            guard live == [ledger.whmcsOrderID ?? 0] else {
                return violated(
                    .falseStatus, "\(order) is Provisioned as \(ledger.whmcsOrderID ?? 0), and WHMCS has \(live)")
            }
            if world.services.whmcs.status(live[0]) != "Active" {
                violated(.falseStatus, "\(order) is Provisioned, and WHMCS has not accepted it")
            }
            let products = world.services.whmcs.products(live[0])
            // A line that was deleted after the planning is in WHMCS.
            if world.plan.behaviours.deletedLines == 0, products != world.services.salesforce.orderedProducts(order) {
                violated(.falseStatus, "\(order) is Provisioned with the products \(products)")
            }
            if world.services.whmcs.hasFailedSetup(live[0]), !world.plan.behaviours.hidesModuleQueue {
                violated(.falseStatus, "\(order) is Provisioned, and a module has failed")
            }
        default: violated(.unfinished, "\(order) Failed with \(ledger.errorCode ?? "no code")")
        }
    }
}
