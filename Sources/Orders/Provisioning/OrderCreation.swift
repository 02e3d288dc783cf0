import Basics
import HTTP
import JSON
import Salesforce
import WHMCS

/// Creates the order in WHMCS.
///
/// AddOrder has no idempotency key, and WHMCS may act although its answer is lost. So the ledger records AddOrder before
/// it is sent, an unclear outcome sends nothing again, and the run finds an existing order by the marker that the order
/// carries.
extension ProvisioningRun {
    /// Adopts the order that WHMCS has, or adds it when WHMCS certainly has none.
    mutating func createOrder(_ plan: Plan) throws {
        let whmcs = try whmcs()
        var newOrderID: Int?
        // AddOrder sent twice may make two orders, the first of them late: the run searches until the step is done.
        if order.whmcsOrderID == nil || order.addOrderSends > 1 {
            // Read before the search: an order that appears while its pages are read is not in them.
            let searchedAt = http.now()
            if try !adoptOrder(whmcs, plan), order.whmcsOrderID == nil {
                try checkMayAddOrder(plan, searchedAt: searchedAt)
                newOrderID = try addOrder(whmcs, plan)
                if order.addOrderSends > 1 { _ = try adoptOrder(whmcs, plan) }
            }
        }
        guard let id = order.whmcsOrderID else {
            throw ProvisioningFailure(.provisioningError, "the ledger lost the WHMCS order id")
        }
        let unconfirmedUntil = try writeToSalesforce { run in
            try run.salesforce.updateOrder(run.order.id, [run.settings.fields.whmcsOrderId: .string(String(id))])
        }
        let (created, services) = try readBack(whmcs, id, plan)
        try recordMarkerSupport(created, services, plan, isProof: newOrderID == id)
        try lease.recordCreated(serviceIDs: serviceIDs(services, plan, id), unconfirmedUntil: unconfirmedUntil)
    }

    /// A person who cancels the WHMCS order and requests again wants another one.
    mutating func forgetCancelledOrder() throws {
        guard let id = order.whmcsOrderID, try whmcs().order(id)?.isCancelled ?? true else { return }
        log.info("recreating cancelled order", ["cancelledOrderId": .number(id)])
        let unconfirmedUntil = try writeToSalesforce { run in
            try run.salesforce.updateOrder(run.order.id, [run.settings.fields.whmcsOrderId: .null])
        }
        try lease.recordWHMCSOrderCancelled(unconfirmedUntil: unconfirmedUntil)
    }

    func outcomeUnknown(_ plan: Plan) -> ProvisioningFailure {
        ProvisioningFailure(
            .whmcsOutcomeUnknown,
            "AddOrder was not answered. Look at the orders of WHMCS client \(plan.clientID) for \"\(marker.note)\": if there"
                + " is none, request the order again; if there is one without this note, add the note first")
    }
}

// MARK: Adopt

extension ProvisioningRun {
    /// Takes over the order that carries the marker. Of several the lowest id wins; the run cancels the others while they
    /// are Pending, after the ledger knows which one stays.
    private mutating func adoptOrder(_ whmcs: WHMCSClient, _ plan: Plan) throws -> Bool {
        let found = try findMarkedOrders(whmcs, plan)
        guard let first = found.first else { return false }
        if first.id != order.whmcsOrderID { try lease.recordWHMCSOrder(first.id) }
        for duplicate in found.dropFirst() {
            alerts.raise("Duplicate WHMCS order \(duplicate.id) (\(duplicate.status))", order.id)
            guard duplicate.isPending else { continue }
            try lease.confirm()
            try whmcs.cancelOrder(duplicate.id)
        }
        return true
    }

    /// All orders of the client that carry the marker, lowest id first. A cancelled order counts as none.
    private func findMarkedOrders(_ whmcs: WHMCSClient, _ plan: Plan) throws -> [WHMCSOrder] {
        var marked: Set<Int> = []
        if settings.markerField != nil {
            let services = try whmcs.services(clientId: plan.clientID)
            marked.formUnion(
                services.filter { $0.customFields.values.contains(marker.value) }.compactMap(\.orderId))
        }
        return try whmcs.orders(clientId: plan.clientID).filter {
            !$0.isCancelled && (marker.isIn($0.notes) || marked.contains($0.id))
        }
    }
}

// MARK: Add

extension ProvisioningRun {
    /// After an AddOrder of unknown outcome, WHMCS gets the quiet time to finish it. An order that has not appeared by
    /// then is sent once more where markers are proven to come back, so that the look would have found it. Otherwise, and
    /// after that, a person decides.
    private func checkMayAddOrder(_ plan: Plan, searchedAt: Timestamp) throws {
        guard order.addOrder == .sent else { return }
        let quietUntil = order.addOrderAt.map { $0 + settings.quietTime }
        if let quietUntil, searchedAt < quietUntil {
            throw ProvisioningFailure(
                .whmcsUnavailable, "AddOrder was not answered; the suite looks for the order after the quiet time",
                isRetryable: true, notBefore: quietUntil)
        }
        guard order.isAddOrderInDoubt else { return }
        guard order.addOrderSends < 2, try markerSupport.isProven(channels(plan)) else { throw outcomeUnknown(plan) }
        log.warn("sending AddOrder again")
    }

    /// - Returns: the order's id, as WHMCS answered it.
    private mutating func addOrder(_ whmcs: WHMCSClient, _ plan: Plan) throws -> Int {
        // The answer must arrive within the invocation, or the run would not learn of the order that it made.
        guard http.now() <= latestStart else {
            throw ProvisioningFailure(.whmcsUnavailable, "not enough time left to send AddOrder", isRetryable: true)
        }
        try lease.recordAddOrderSending(until: http.deadline ?? http.now())
        let id: Int
        do throws(WHMCSFailure) {
            id = try whmcs.addOrder(plan.cart(settings, marker: marker))
        } catch {
            guard error.outcomeUnknown else {
                try lease.recordAddOrderNotCarriedOut()
                throw error
            }
            try lease.recordAddOrderUnanswered()
            throw ProvisioningFailure(.whmcsUnavailable, error.description, isRetryable: true)
        }
        try lease.recordWHMCSOrder(id)
        return id
    }
}

// MARK: Read back

extension ProvisioningRun {
    /// Reads the order back, with its services.
    private func readBack(_ whmcs: WHMCSClient, _ id: Int, _ plan: Plan) throws -> (WHMCSOrder, [Service]) {
        guard let created = try whmcs.order(id) else {
            throw ProvisioningFailure(.provisioningError, "WHMCS returned order id \(id) and does not list it")
        }
        guard created.clientId == plan.clientID else {
            throw ProvisioningFailure(.provisioningError, "WHMCS order \(id) belongs to another client")
        }
        return (created, try whmcs.services(clientId: plan.clientID).filter { $0.orderId == id })
    }

    /// The ids of the services, one for each unit, in the order of the plan's lines. Stops at services that differ from
    /// the plan.
    private func serviceIDs(_ services: [Service], _ plan: Plan, _ id: Int) throws -> [Int] {
        var services = services
        guard services.map(\.productId).sorted() == plan.productIDs.sorted() else {
            throw ProvisioningFailure(
                .provisioningError, "WHMCS order \(id) does not match the plan; cancel it and request again")
        }
        // WHMCS documents no order of the services, so each is found by its product.
        return plan.productIDs.compactMap { productID in
            services.firstIndex { $0.productId == productID }.map { services.remove(at: $0).id }
        }
    }

    /// The places where an order of this plan carries its marker.
    private func channels(_ plan: Plan) -> [MarkerSupport.Channel] {
        [.notes] + Set(plan.items.compactMap(\.markerField)).sorted().map { .field($0) }
    }

    /// - Parameter isProof: whether WHMCS has just answered this order. The marker of an adopted order proves nothing, since
    ///   a person may have written it; a marker that is missing always counts.
    private func recordMarkerSupport(
        _ created: WHMCSOrder, _ services: [Service], _ plan: Plan, isProof: Bool
    ) throws {
        var returned = [MarkerSupport.Channel.notes: marker.isIn(created.notes)]
        for item in plan.items {
            guard let field = item.markerField else { continue }
            let ofItem = services.filter { $0.productId == item.productID }
            returned[.field(field)] = !ofItem.isEmpty && ofItem.allSatisfy { $0.customFields[field] == marker.value }
        }
        try markerSupport.record(returned.filter { isProof || !$0.value })
        if !returned.values.contains(true) {
            log.warn("WHMCS dropped the order's marker", ["whmcsOrderId": .number(created.id)])
        }
    }
}
