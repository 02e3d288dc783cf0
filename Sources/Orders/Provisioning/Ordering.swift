import Basics
import Salesforce
import WHMCS

/// The steps that change something in WHMCS.
///
/// AddOrder has no idempotency key, and its answer can be lost after WHMCS has acted. So the ledger says that it is
/// sent before it is sent, nothing is ever sent again on a doubt, and what exists is found by the marker that the order
/// carries.
extension Road {
    /// The order in WHMCS: adopted when it is there, made when it is certain that it is not.
    mutating func create(_ plan: Plan) throws {
        let whmcs = try whmcs()
        // After a second sending there may be two, the first only late: they are looked for until the step is done.
        if order.whmcsOrderID == nil || order.addOrderSends > 1 {
            // The time before the look: what appears while its pages are read is not in them.
            let lookedAt = http.now()
            if try !adopt(whmcs, plan), order.whmcsOrderID == nil {
                try checkMayAdd(plan, lookedAt: lookedAt)
                try add(whmcs, plan)
                if order.addOrderSends > 1 { _ = try adopt(whmcs, plan) }
            }
        }
        guard let id = order.whmcsOrderID else {
            throw ProvisioningFailure(.provisioningError, "the order id was not kept")
        }
        try salesforce.updateOrder(order.id, [settings.fields.whmcsOrderId: .string(String(id))])
        let services = try readBack(whmcs, id, plan)
        try lease.write([
            "step": .string(Step.create.rawValue),
            "whmcsServiceIds": .array(services.map { .number($0) }),
        ])
    }

    /// Takes over the order that carries the marker. Of several the lowest id wins, and the others are cancelled while
    /// that does no harm: after the ledger knows which one stays.
    private mutating func adopt(_ whmcs: WHMCSClient, _ plan: Plan) throws -> Bool {
        let found = try look(whmcs, plan)
        guard let first = found.first else { return false }
        if first.id != order.whmcsOrderID { try keep(orderID: first.id) }
        for other in found.dropFirst() {
            alerts.raise(
                "WHMCS has two orders for one: \(other.id), which is \(other.status), is one too many", order.id)
            guard other.isPending else { continue }
            try lease.confirm()
            try whmcs.cancelOrder(other.id)
        }
        return true
    }

    /// Looks through all of the client's orders and services for the marker; lowest id first. An order that is cancelled
    /// already is as good as none.
    private func look(_ whmcs: WHMCSClient, _ plan: Plan) throws -> [WHMCSOrder] {
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

    /// An operator who has cancelled the WHMCS order and requests again wants another one.
    mutating func forgetCancelledOrder() throws {
        guard let id = order.whmcsOrderID, try whmcs().order(id)?.isCancelled ?? true else { return }
        log.info("ordering anew", ["cancelledOrderId": .number(id)])
        try lease.confirm()
        try salesforce.updateOrder(order.id, [settings.fields.whmcsOrderId: .null])
        try lease.write([
            "whmcsOrderId": .null, "whmcsServiceIds": .null, "plan": .null,
            "addOrder": .string(LedgerOrder.AddOrder.none.rawValue),
        ])
    }

    /// AddOrder was sent in this attempt, and nobody knows whether it happened. Who requests the order again has
    /// decided.
    var isAddOrderInDoubt: Bool { order.addOrder == .sent && order.addOrderAttempt == order.attempt }

    /// After an AddOrder whose outcome is not known, WHMCS gets time to finish what it may still be doing, whoever asks.
    /// What has not come up by then is sent once more where the marker is known to come back, so that it would have been
    /// seen; elsewhere, and after that, it is for a person to decide.
    private func checkMayAdd(_ plan: Plan, lookedAt: Timestamp) throws {
        guard order.addOrder == .sent else { return }
        let quietUntil = (order.addOrderAt ?? Timestamp(milliseconds: 0)) + settings.quietTime
        guard lookedAt >= quietUntil else {
            throw ProvisioningFailure(
                .whmcsUnavailable, "AddOrder was not answered; looking again when WHMCS has had time to finish it",
                isRetryable: true, notBefore: quietUntil)
        }
        guard isAddOrderInDoubt else { return }
        guard order.addOrderSends < 2, try install.isProven(channels(plan)) else { throw outcomeUnknown(plan) }
        log.warn("AddOrder did not happen: it is sent once more")
    }

    func outcomeUnknown(_ plan: Plan) -> ProvisioningFailure {
        ProvisioningFailure(
            .whmcsOutcomeUnknown,
            "AddOrder was not answered. Look at the orders of WHMCS client \(plan.clientID) for \"\(marker.note)\": if there"
                + " is none, request the order again; if there is one without this note, put the note there first")
    }

    private mutating func add(_ whmcs: WHMCSClient, _ plan: Plan) throws {
        // The time AddOrder may take must fit, or the answer of an order that was made would be thrown away.
        guard http.now() <= latestStart else {
            throw ProvisioningFailure(.whmcsUnavailable, "too little time was left for AddOrder", isRetryable: true)
        }
        try lease.write([
            "addOrder": .string(LedgerOrder.AddOrder.sent.rawValue),
            // Should this run be killed, the call may go out up to its end.
            "addOrderAt": .milliseconds(http.deadline ?? http.now()),
            "addOrderAttempt": .number(order.attempt),
            "addOrderSends": .number(order.addOrderSends + 1),
        ])
        let added: AddedOrder
        do throws(WHMCSFailure) {
            added = try whmcs.addOrder(plan.cart(paymentMethod: settings.paymentMethod, marker: marker))
        } catch {
            if !error.outcomeUnknown {
                try lease.write([
                    "addOrder": .string(LedgerOrder.AddOrder.none.rawValue),
                    "addOrderSends": .number(order.addOrderSends - 1),
                ])
                throw error
            }
            try lease.write(["addOrderAt": .milliseconds(http.now())])
            throw ProvisioningFailure(.whmcsUnavailable, error.description, isRetryable: true)
        }
        try keep(orderID: added.orderId)
    }

    private mutating func keep(orderID: Int) throws {
        try lease.write([
            "addOrder": .string(LedgerOrder.AddOrder.added.rawValue), "whmcsOrderId": .number(orderID),
        ])
    }

    /// Reads the order back, and refuses to go on with one that is not what was ordered.
    ///
    /// - Returns: the ids of its services, one for each unit, in the order of the plan's lines.
    private func readBack(_ whmcs: WHMCSClient, _ id: Int, _ plan: Plan) throws -> [Int] {
        guard let made = try whmcs.order(id) else {
            throw ProvisioningFailure(.provisioningError, "WHMCS does not show order \(id), which it said it had made")
        }
        guard made.clientId == plan.clientID else {
            throw ProvisioningFailure(.provisioningError, "WHMCS order \(id) belongs to another client")
        }
        var services = try whmcs.services(clientId: plan.clientID).filter { $0.orderId == id }
        try remember(made, services, plan)
        guard services.map(\.productId).sorted() == plan.productIDs.sorted() else {
            throw ProvisioningFailure(
                .provisioningError, "WHMCS order \(id) has other lines than the order; cancel it, and request again")
        }
        // That the answer's ids are in the order of the lines is documented nowhere; the products tell.
        return plan.productIDs.compactMap { productID in
            services.firstIndex { $0.productId == productID }.map { services.remove(at: $0).id }
        }
    }

    /// The ways in which an order of this plan carries its marker.
    private func channels(_ plan: Plan) -> [Install.Channel] {
        [.notes] + Set(plan.items.compactMap(\.markerField)).sorted().map { .field($0) }
    }

    private func remember(_ made: WHMCSOrder, _ services: [Service], _ plan: Plan) throws {
        var cameBack = [Install.Channel.notes: marker.isIn(made.notes)]
        for item in plan.items {
            guard let field = item.markerField else { continue }
            let mine = services.filter { $0.productId == item.productID }
            cameBack[.field(field)] = !mine.isEmpty && mine.allSatisfy { $0.customFields[field] == marker.value }
        }
        try install.remember(cameBack)
        if !cameBack.values.contains(true) {
            log.warn("WHMCS did not keep the marker of the order", ["whmcsOrderId": .number(made.id)])
        }
    }

    /// Accepts the order. Whether that worked is read from its status: a module may report trouble after it has set the
    /// service up, and an order that is Active already gets the same error as one that is missing.
    mutating func accept() throws {
        guard let id = order.whmcsOrderID else {
            throw ProvisioningFailure(.provisioningError, "the order id was not kept")
        }
        let whmcs = try whmcs()
        do throws(WHMCSFailure) {
            try whmcs.acceptOrder(id)
        } catch {
            let found = try whmcs.order(id)
            if found?.isPending == true {
                throw ProvisioningFailure(.whmcsUnavailable, error.description, isRetryable: true)
            }
            guard found?.isActive == true else {
                throw ProvisioningFailure(
                    .whmcsRejected,
                    "WHMCS order \(id) is \(found?.status ?? "gone"), so that it cannot be accepted"
                        + (found?.isCancelled ?? true ? "; request the order again to make another" : ""))
            }
        }
        try lease.write(["step": .string(Step.accept.rawValue)])
    }
}
