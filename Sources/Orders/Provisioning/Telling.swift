import Basics
import JSON
import Salesforce

/// What Salesforce is told of the order's status, and how the order ends with it.
///
/// A write that Salesforce has not answered may still be carried out, over whatever is told later. So the ledger knows
/// until when that can be (`lateUntil`), and an order that ends before is told of once more then.
extension Road {
    mutating func tellActivating() throws {
        let values = fields(settings.activating)
        let lateUntil = try tell(.statusUpdate) { road in try road.salesforce.updateOrder(road.order.id, values) }
        try lease.write(["step": .string(Step.statusUpdate.rawValue), "lateUntil": time(lateUntil)])
    }

    mutating func tellSuccess(_ plan: Plan) throws {
        var values = fields(settings.provisioned)
        values[settings.fields.whmcsOrderId] = order.whmcsOrderID.map { .string(String($0)) } ?? .null
        var services = order.whmcsServiceIDs[...]
        let items = plan.items.map { item in
            let mine = list(services.prefix(item.quantity))
            services = services.dropFirst(item.quantity)
            return (id: item.orderItemID, values: [settings.fields.serviceId: FieldValue.text(mine)])
        }
        let lateUntil = try tell(.successUpdate) { road in
            try road.salesforce.update(order: road.order.id, values, items: items)
        }
        let end: Changes = ["step": .string(Step.successUpdate.rawValue), "errorCode": .null, "errorMessage": .null]
        try lease.finish(.provisioned, end, lateUntil: lateUntil)
    }

    /// The order is Failed at once, and due until Salesforce knows.
    mutating func tellFailure() throws {
        let code = order.errorCode ?? ProvisioningFailure.Code.provisioningError.rawValue
        let values = fields(settings.failed, code: .string(code), message: FieldValue.text(order.errorMessage ?? ""))
        do {
            let lateUntil = try tell(.failureUpdate) { road in
                try road.salesforce.updateOrder(road.order.id, values)
            }
            try lease.finish(.failed, [:], code: code, lateUntil: lateUntil)
        } catch let failure as SalesforceFailure {
            try endUntold(.failed, failure)
        }
    }

    /// The order has ended, and Salesforce may not know it: it was not told yet, or could have been told otherwise since.
    mutating func tellAgain() throws {
        guard order.status == .provisioned, let plan = order.plan else { return try tellFailure() }
        do { try tellSuccess(plan) } catch let failure as SalesforceFailure { try endUntold(.provisioned, failure) }
    }

    private mutating func endUntold(_ status: LedgerOrder.Status, _ failure: SalesforceFailure) throws {
        if failure.isRetryable { return try lease.end(status, dueAt: nextTry(), code: order.errorCode) }
        log.error("Salesforce does not know that the order is \(status.rawValue): \(failure)")
        try lease.finish(status, [:], code: order.errorCode, lateUntil: nil)
    }

    private func fields(_ status: String, code: JSON = .null, message: JSON = .null) -> [String: JSON] {
        [
            settings.fields.status: .string(status), settings.fields.errorCode: code,
            settings.fields.errorMessage: message, settings.fields.lastAttempt: FieldValue.datetime(http.now()),
        ]
    }

    /// Runs a step that tells Salesforce a status.
    ///
    /// - Returns: until when something else may still get there, ms since 1970; for the checkpoint that follows. Whoever
    ///   dies before it, or gets no answer, leaves the later time that was noted before.
    private mutating func tell(_ step: Step, _ body: (inout Road) throws -> Void) throws -> Timestamp? {
        let before = order.lateUntil.flatMap { $0 > http.now() ? $0 : nil }
        try lease.write([
            "lateUntil": time([before, (http.deadline ?? http.now()) + settings.quietTime].compactMap { $0 }.max())
        ])
        do { try self.step(step, body) } catch let failure as SalesforceFailure {
            if !failure.isUnanswered { try lease.write(["lateUntil": time(before)]) }
            throw failure
        }
        return before
    }
}

/// As many ids as a text field of Salesforce holds: one that is cut would be another service's.
private func list(_ ids: ArraySlice<Int>) -> String {
    ids.reduce("") { list, id in
        let longer = list.isEmpty ? String(id) : "\(list),\(id)"
        return FieldValue.cut(longer) == longer ? longer : list
    }
}
