import AWS
import Basics
import JSON
import Salesforce

enum LeaseOutcome {
    case taken(Lease)
    /// Another run has the order, or nothing is left to do.
    case refused(LedgerOrder)
}

extension Ledger {
    /// An event may not enter the order that it names; see `ProvisionRequested.mayEnter`.
    struct UnknownOrder: Error, CustomStringConvertible {
        var id: RecordID
        var description: String { "the ledger does not know order \(id), which an event of the order bus names" }
    }

    /// No run works on the order.
    var isFree: Condition { .absent(.leaseUntil) || .before(.leaseUntil, .milliseconds(now())) }

    /// Takes the order of an event: one that is Accepted, Activating with an expired lease, or unknown, where the event may
    /// enter it. An order that has ended is taken when its final status must still be reported, or when the event requests
    /// it again.
    ///
    /// - Parameters:
    ///   - owner: this invocation.
    ///   - until: when the invocation ends; the order is due again then, so that a killed run is recovered.
    /// - Throws: `UnknownOrder` when the event may not enter its order.
    func lease(_ request: ProvisionRequested, owner: String, until: Timestamp) throws -> LeaseOutcome {
        switch try takeOpen(request, owner, until) {
        case .refused(let order) where order.status == .failed && request.requestsAgain(order):
            // The order queue delivers a contended event again; a refusal would lose the operator's request.
            guard try reopen(order, correlationID: request.correlationID) else { throw Contended() }
            return try takeOpen(request, owner, until)
        // Salesforce may show the failure already, so the event may be a new request: it is delivered again.
        case .refused(let order) where order.isFailing && request.requestsAgain(order):
            throw Contended()
        case .refused(let order) where order.hasEnded && order.dueAt != nil:
            return try takeEnded(order, owner, until)
        case let outcome:
            return outcome
        }
    }

    /// → Activating.
    private func takeOpen(_ request: ProvisionRequested, _ owner: String, _ until: Timestamp) throws -> LeaseOutcome {
        var update = leaseUpdate(owner, until)
        update[.status] = .string(LedgerOrder.Status.activating.rawValue)
        update[.open] = "1"
        update[.updatedAt] = .milliseconds(now())
        update[.platformEventID] = request.platformEventID.map(JSON.string)
        update.setIfAbsent(.requestNumber, 1)
        update.setIfAbsent(.requestedAt, .milliseconds(now()))
        update.setIfAbsent(.correlationID, .string(request.correlationID))
        var isUnderWay: Condition = .status(.activating) && isFree
        // Its failure only has to be reported, and this may be a new request: it waits until the order is Failed.
        if request.platformEventID != nil {
            isUnderWay =
                isUnderWay
                && (.absent(.step) || .compare(.step, "<>", .string(Step.failureUpdate.rawValue)))
        }
        var condition = .status(.accepted) || isUnderWay
        if request.mayEnter { condition = .absent(.key) || condition }
        switch try table.write(.update(ItemKey.order(request.orderID), update, if: condition)) {
        case .written(let item):
            guard let order = try read(item) else { throw Unreadable() }
            return .taken(Lease(order, owner: owner, ledger: self))
        case .conditionFailed(let item):
            guard let order = try read(item) else { throw UnknownOrder(id: request.orderID) }
            // The first answer to this write was lost, and its retry finds our own lease.
            let isOurs = item?[.leaseOwner]?.string == owner
            return isOurs ? .taken(Lease(order, owner: owner, ledger: self)) : .refused(order)
        }
    }

    /// Takes an order whose final status must be reported, for the first time or again. Its status stays.
    private func takeEnded(_ order: LedgerOrder, _ owner: String, _ until: Timestamp) throws -> LeaseOutcome {
        let condition = .status(order.status) && .present(.dueAt) && isFree
        let write = Write.update(ItemKey.order(order.id), leaseUpdate(owner, until), if: condition)
        guard case .written(let item) = try table.write(write), let taken = try read(item) else {
            return .refused(order)
        }
        return .taken(Lease(taken, owner: owner, ledger: self))
    }

    private func leaseUpdate(_ owner: String, _ until: Timestamp) -> ItemUpdate {
        var update: ItemUpdate = [
            .leaseOwner: .string(owner), .leaseUntil: .milliseconds(until), .dueAt: .milliseconds(until),
        ]
        update.increment(.attempts)
        return update
    }
}
