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
    ///
    /// - Returns: the order as WHMCS has it now.
    mutating func createOrder(_ plan: Plan) throws -> WHMCSOrder {
        let whmcs = try whmcs()
        var added: AddedOrder?
        // AddOrder sent twice may make two orders, the first of them late: the run searches until the step is done.
        if order.whmcsOrderID == nil || order.addOrderSends > 1 {
            // Read before the search: an order that appears while its pages are read is not in them.
            let searchedAt = http.now()
            if try !adoptOrder(whmcs, plan), order.whmcsOrderID == nil {
                try checkMayAddOrder(plan, searchedAt: searchedAt)
                added = try addOrder(whmcs, plan)
                if order.addOrderSends > 1 { _ = try adoptOrder(whmcs, plan) }
            }
        }
        guard let id = order.whmcsOrderID else {
            throw ProvisioningFailure(.provisioningError, "the ledger lost the WHMCS order id")
        }
        let (unconfirmedUntil, read) = try writeToSalesforce(
            beside: { [self] in try readBack(id, added, whmcs, plan) },
            { run in
                try run.salesforce.updateOrder(run.order.id, [run.settings.fields.whmcsOrderId: .string(String(id))])
            })
        let (created, services) = try read.get()
        try recordMarkerSupport(created, services, plan, isProof: added?.id == id)
        // Compared once: what people change later is their decision.
        let isNew = order.whmcsServiceIDs.isEmpty
        let serviceIDs =
            try isNew ? OrderComparison(plan).serviceIDs(created, services) : order.whmcsServiceIDs
        try lease.recordCreated(serviceIDs: serviceIDs, unconfirmedUntil: unconfirmedUntil)
        if isNew { metrics.add(value: created.amount, currency: plan.currency) }
        return created
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

    /// Until then WHMCS may still carry out an AddOrder that it has not answered.
    var addOrderQuietUntil: Timestamp? { order.addOrderAt.map { $0 + settings.quietTime } }

    func outcomeUnknown(_ plan: Plan) -> ProvisioningFailure {
        ProvisioningFailure(
            .whmcsOutcomeUnknown,
            "AddOrder was not answered. In WHMCS client \(order.addOrderClientID ?? plan.clientID), look for an order with the note"
                + " \"\(order.marker?.text ?? "")\". None: request again. One that fits, without the note: add it, then"
                + " request again")
    }
}

// MARK: Adopt

extension ProvisioningRun {
    /// Takes over the order that carries the marker. Of several an Active one wins, then the lowest id; the run cancels
    /// the others while they are Pending, after the ledger knows which one stays.
    private mutating func adoptOrder(_ whmcs: WHMCSClient, _ plan: Plan) throws -> Bool {
        // Before the first AddOrder there is nothing to find.
        guard let marker = order.marker else { return false }
        let clients = Set([plan.clientID, order.addOrderClientID ?? plan.clientID])
        let found = try clients.sorted().flatMap { try findMarkedOrders(whmcs, marker, client: $0, plan) }
        let live = found.filter { !$0.isCancelled }
        guard let first = live.first(where: \.isActive) ?? live.first else {
            if let cancelled = found.first, order.isAddOrderInDoubt { try endCancelled(cancelled) }
            return false
        }
        if first.id != order.whmcsOrderID { try lease.recordWHMCSOrder(first.id) }
        for duplicate in live where duplicate.id != first.id { try cancelDuplicate(duplicate, whmcs) }
        return true
    }

    /// A person cancelled the order before the ledger knew its id, and only a person orders again.
    private mutating func endCancelled(_ cancelled: WHMCSOrder) throws {
        try lease.recordWHMCSOrder(cancelled.id)
        throw ProvisioningFailure(
            .whmcsRejected,
            "WHMCS order \(cancelled.id) is \(cancelled.status); request the order again to create another")
    }

    /// A duplicate that WHMCS does not cancel is for a person, and no reason to leave the order undone.
    private mutating func cancelDuplicate(_ duplicate: WHMCSOrder, _ whmcs: WHMCSClient) throws {
        // An install may have a status of its own words.
        let status = duplicate.isActive ? "Active" : duplicate.isPending ? "Pending" : "neither Active nor Pending"
        alerts.raise(.duplicate(duplicate.id, status: status), order.id)
        guard duplicate.isPending else { return }
        try lease.confirm()
        do throws(WHMCSFailure) { try whmcs.cancelOrder(duplicate.id) } catch {
            guard !error.isRetryable else { throw error }
            log.error("duplicate not cancelled", ["error": .string(error.description)])
            alerts.raise(.duplicateNotCancelled(duplicate.id), order.id, .whmcsRejected)
        }
    }

    /// All orders of the client that carry the marker, lowest id first.
    private func findMarkedOrders(
        _ whmcs: WHMCSClient, _ marker: Marker, client: Int, _ plan: Plan
    ) throws -> [WHMCSOrder] {
        var marked: Set<Int> = []
        let fields = Set(plan.items.compactMap(\.markerField))
        if !fields.isEmpty {
            let services = try whmcs.services(clientId: client).filter { service in
                fields.contains { service.customFields[$0] == marker.text }
            }
            marked.formUnion(services.compactMap(\.orderId))
        }
        return try whmcs.orders(clientId: client).filter { marker.isIn($0.notes) || marked.contains($0.id) }
    }
}

// MARK: Add

extension ProvisioningRun {
    /// After an AddOrder of unknown outcome, WHMCS gets the quiet time to finish it. An order that has not appeared by
    /// then is sent once more where markers are proven to come back, so that the look would have found it. Otherwise, and
    /// after that, a person decides.
    private func checkMayAddOrder(_ plan: Plan, searchedAt: Timestamp) throws {
        guard order.addOrder == .sent else { return }
        if let quietUntil = addOrderQuietUntil, searchedAt < quietUntil {
            throw ProvisioningFailure(
                .whmcsUnavailable, "AddOrder was not answered; the suite looks for the order after the quiet time",
                isRetryable: true, notBefore: quietUntil)
        }
        guard order.isAddOrderInDoubt else { return }
        guard order.addOrderSends < 2, try markerSupport.isProven(channels(plan)) else {
            throw outcomeUnknown(plan)
        }
        log.warn("sending AddOrder again")
    }

    private mutating func addOrder(_ whmcs: WHMCSClient, _ plan: Plan) throws -> AddedOrder {
        // The answer must arrive within the invocation, or the run would not learn of the order that it made.
        guard http.now() <= latestStart else {
            throw ProvisioningFailure(.whmcsUnavailable, "not enough time left to send AddOrder", isRetryable: true)
        }
        try checkMaySendAddOrder()
        try lease.recordAddOrderSending(
            until: http.deadline ?? http.now(), client: plan.clientID, reference: http.uniqueID())
        guard let marker = order.marker else {
            throw ProvisioningFailure(.provisioningError, "the ledger lost the order's marker")
        }
        let added: AddedOrder
        do throws(WHMCSFailure) {
            added = try whmcs.addOrder(plan.cart(settings, marker: marker))
        } catch {
            guard error.outcomeUnknown else {
                try lease.recordAddOrderNotCarriedOut()
                throw error
            }
            try lease.recordAddOrderUnanswered()
            throw ProvisioningFailure(.whmcsUnavailable, error.description, isRetryable: true)
        }
        try lease.recordWHMCSOrder(added.id)
        return added
    }
}
