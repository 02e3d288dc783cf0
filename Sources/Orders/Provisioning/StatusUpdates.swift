import Basics
import HTTP
import JSON
import Salesforce

/// Reports the order's status to Salesforce, and ends the order with its final status.
extension ProvisioningRun {
    /// Reports Activating, and reads beside it what the order needs next.
    ///
    /// - Parameter keepsStep: the step stays as it is, so that the next run begins anew: it must still see whether a person
    ///   has cancelled the WHMCS order.
    mutating func reportActivating<Result>(
        keepsStep: Bool = false, beside read: () throws -> Result
    ) throws -> Result {
        let values = statusFields(settings.activating)
        let (unconfirmedUntil, result) = try writeToSalesforce(beside: read) { run in
            try run.step(.statusUpdate) { run in try run.salesforce.updateOrder(run.order.id, values) }
        }
        if keepsStep {
            try lease.recordUnconfirmed(until: unconfirmedUntil)
        } else {
            try lease.recordActivatingReported(unconfirmedUntil: unconfirmedUntil)
        }
        return try result.get()
    }

    /// WHMCS has accepted the order: it is Provisioned whatever Salesforce says of it, and due until Salesforce confirms it.
    mutating func reportProvisioned(_ plan: Plan) throws {
        var values = statusFields(settings.provisioned)
        values[settings.fields.whmcsOrderId] = .string(order.whmcsOrderID.map { String($0) })
        var services = order.whmcsServiceIDs[...]
        let items = plan.items.map { item in
            let ofItem = list(services.prefix(item.quantity))
            services = services.dropFirst(item.quantity)
            return (id: item.orderItemID, values: [settings.fields.serviceId: FieldValue.text(ofItem)])
        }
        do {
            let unconfirmedUntil = try report(.successUpdate) { run in
                try run.updateOrderAndLines(values, items)
            }
            try lease.endProvisioned(unconfirmedUntil: unconfirmedUntil)
        } catch let failure as SalesforceFailure {
            try endUnreported(.provisioned, failure)
        }
    }

    /// A line that was deleted after the planning is left out, and a person hears of it.
    private func updateOrderAndLines(
        _ values: [String: JSON], _ items: [(id: RecordID, values: [String: JSON])]
    ) throws(SalesforceFailure) {
        do { try salesforce.update(order: order.id, values, items: items) } catch {
            guard case .notFound = error, let source = try salesforce.order(order.id, settings.fields) else {
                throw error
            }
            let present = Set(source.items.map(\.id))
            let left = items.filter { present.contains($0.id) }
            if left.count < items.count, !order.hasEnded {
                alerts.raise(.linesGone, order.id, whmcsOrder: order.whmcsOrderID)
            }
            do { try salesforce.update(order: order.id, values, items: left) } catch {
                // Salesforce has the order: a trigger, or a right that is missing, says otherwise.
                guard case .notFound(let doing, let message) = error else { throw error }
                throw .rejected(doing: doing, code: "NOT_FOUND", message: message)
            }
        }
    }

    /// The order is Failed whether or not Salesforce confirms it, and due until it does.
    mutating func reportFailed() throws {
        let code = order.errorCode ?? ErrorCode.provisioningError.rawValue
        let values = statusFields(
            settings.failed, code: .string(code),
            message: FieldValue.text(order.errorMessage ?? "", length: settings.errorMessageLength))
        do {
            let unconfirmedUntil = try report(.failureUpdate) { run in
                try run.salesforce.updateOrder(run.order.id, values)
            }
            try lease.endFailed(code: code, unconfirmedUntil: unconfirmedUntil)
        } catch let failure as SalesforceFailure {
            try endUnreported(.failed, failure)
        }
    }

    /// The order has ended. Salesforce has not confirmed its final status, or an earlier write may have overwritten it.
    mutating func reportFinalStatusAgain() throws {
        guard order.status == .provisioned, let plan = order.plan else { return try reportFailed() }
        try reportProvisioned(plan)
    }

    /// A person can make Salesforce take a status that it refuses, so the order stays due. Only a deleted order does not.
    private mutating func endUnreported(_ status: LedgerOrder.Status, _ failure: SalesforceFailure) throws {
        if !failure.isRetryable {
            log.error(
                "Salesforce refused the final status",
                ["status": .string(status.rawValue), "error": .string(failure.descriptionWithHint)])
        }
        guard case .notFound = failure else {
            alertOfStatus(status, failure)
            return try lease.endUnreported(status, dueAt: nextAttempt())
        }
        if status == .provisioned { alerts.raise(.orderGone, order.id, whmcsOrder: order.whmcsOrderID) }
        try lease.endUnreported(status, dueAt: nil)
    }

    /// At the first refusal, and from time to time while Salesforce does not take the status.
    private func alertOfStatus(_ status: LedgerOrder.Status, _ failure: SalesforceFailure) {
        let isFirstRefusal = order.status != status && !failure.isRetryable
        let isReminder = order.hasEnded && order.attempts.isMultiple(of: settings.maxAttempts)
        guard isFirstRefusal || isReminder else { return }
        alerts.raise(
            .statusNotTaken(status), order.id, ProvisioningFailure(failure).code, whmcsOrder: order.whmcsOrderID)
    }

    private func statusFields(_ status: String, code: JSON = .null, message: JSON = .null) -> [String: JSON] {
        [
            settings.fields.status: .string(status), settings.fields.errorCode: code,
            settings.fields.errorMessage: message, settings.fields.lastAttempt: FieldValue.datetime(http.now()),
        ]
    }

    /// Runs a step that writes a status to Salesforce; see `writeToSalesforce`.
    private mutating func report(
        _ step: Step, _ body: (inout ProvisioningRun) throws -> Void
    ) throws -> Timestamp? {
        try writeToSalesforce { run in try run.step(step, body) }
    }

    /// Writes to the order in Salesforce.
    ///
    /// Salesforce may carry out a write that it did not confirm after a later one. So the ledger records until when that
    /// can be, and an order that ends before then stays due: its final status is reported once more.
    ///
    /// - Returns: until when an earlier write may still be carried out, for the checkpoint that follows. A run that dies
    ///   before it, or gets no answer, leaves the later time that it recorded before the write.
    mutating func writeToSalesforce(_ write: (inout ProvisioningRun) throws -> Void) throws -> Timestamp? {
        try writeToSalesforce(beside: {}, write).unconfirmedUntil
    }

    /// - Parameter read: runs beside the write; its result counts only when Salesforce has answered the write.
    mutating func writeToSalesforce<Read>(
        beside read: () throws -> Read, _ write: (inout ProvisioningRun) throws -> Void
    ) throws -> (unconfirmedUntil: Timestamp?, read: Result<Read, any Error>) {
        let before = order.unconfirmedUntil.flatMap { $0 > http.now() ? $0 : nil }
        let ofThisWrite = (http.deadline ?? http.now()) + settings.quietTime
        try lease.recordUnconfirmed(until: max(before ?? ofThisWrite, ofThisWrite))
        let (written, result) = http.together({ try write(&self) }, read)
        do { try written.get() } catch let failure as SalesforceFailure {
            if !failure.isUnanswered { try lease.recordUnconfirmed(until: before) }
            throw failure
        }
        return (before, result)
    }
}

/// As many ids as a Salesforce text field holds: half an id would be another service's.
private func list(_ ids: ArraySlice<Int>) -> String {
    ids.reduce("") { list, id in
        let longer = list.isEmpty ? String(id) : "\(list),\(id)"
        return FieldValue.fits(longer) ? longer : list
    }
}
