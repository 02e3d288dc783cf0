import AWS
import Basics
import JSON
import Salesforce

/// The right to work on one order, until the invocation that holds it must end.
///
/// Every change is conditional on it: a run that was taken for dead and is not finds out before it does anything more.
struct Lease {
    /// Another run has the order.
    struct Lost: Error, CustomStringConvertible {
        let description = "another run has taken the order over"
    }

    private(set) var order: LedgerOrder
    private let owner: String
    private let ledger: Ledger

    fileprivate init(_ order: LedgerOrder, owner: String, ledger: Ledger) {
        self.order = order
        self.owner = owner
        self.ledger = ledger
    }

    /// Writes a checkpoint.
    mutating func write(_ changes: Changes, history entry: JSON? = nil) throws {
        var changes = changes
        changes["updatedAt"] = .milliseconds(ledger.now())
        let mine = Write.Expression("#leaseOwner = :me", ["me": .string(owner)])
        let result = try ledger.table.write(
            .update(LedgerOrder.key(order.id), update(changes, history: entry), if: mine))
        guard case .written(let item) = result, let order = try ledger.read(item) else { throw Lost() }
        self.order = order
    }

    /// Throws when another run has the order. To be asked before a change outside that follows reads: they take time,
    /// and a run that was taken for dead must change nothing more.
    mutating func confirm() throws {
        try write([:])
    }

    /// Ends the order's road. Nobody has to look at it again, unless `lateUntil` (ms since 1970) is to come: by then
    /// Salesforce has to be told once more.
    mutating func finish(
        _ status: LedgerOrder.Status, _ changes: Changes, code: String? = nil, lateUntil: Timestamp?
    ) throws {
        var changes = changes
        changes["lateUntil"] = time(lateUntil)
        if lateUntil == nil { changes["open"] = .null }
        try end(status, dueAt: lateUntil, changes, code: code)
    }

    /// Gives back an order that has ended, to be looked at again at `dueAt` (ms since 1970).
    mutating func end(
        _ status: LedgerOrder.Status, dueAt: Timestamp?, _ changes: Changes = [:], code: String?
    ) throws {
        let now = ledger.now()
        var changes = changes
        changes["status"] = .string(status.rawValue)
        changes["dueAt"] = time(dueAt)
        (changes["leaseOwner"], changes["leaseUntil"]) = (.null, .null)
        guard order.status != status else { return try write(changes) }
        changes["endedAt"] = .milliseconds(now)
        try write(changes, history: historyEntry(status, attempt: order.attempt, at: now, code: code))
    }

    /// Gives the order back, to be taken up again at `dueAt` (ms since 1970).
    mutating func release(dueAt: Timestamp, _ changes: Changes) throws {
        try write(
            changes.merging(["dueAt": .milliseconds(dueAt), "leaseOwner": .null, "leaseUntil": .null]) { $1 })
    }
}

enum LeaseOutcome {
    case taken(Lease)
    /// Somebody else has it, or nothing is left to do.
    case refused(LedgerOrder)
}

extension Ledger {
    /// Nobody is at work on the order; `:now` has to be among the values.
    static let leaseIsFree = "(attribute_not_exists(#leaseUntil) OR #leaseUntil < :now)"

    /// Takes the order of a request, when it is Accepted, or Activating under a lease that has expired, or not known yet.
    ///
    /// - Parameters:
    ///   - owner: this invocation.
    ///   - until: when the invocation is over, ms since 1970; a run that was killed is due from then on.
    func lease(_ request: ProvisionRequested, owner: String, until: Timestamp) throws -> LeaseOutcome {
        switch try take(request, owner, until) {
        case .refused(let order) where order.status == .failed && request.asksAgain(after: order):
            // One that is contended is delivered again; to refuse it would be to lose the operator's request.
            guard try reopen(order, request) else { throw Contended() }
            return try take(request, owner, until)
        case .refused(let order) where order.hasEnded && order.dueAt != nil:
            return try takeEnded(order, owner, until)
        case let outcome:
            return outcome
        }
    }

    private func take(_ request: ProvisionRequested, _ owner: String, _ until: Timestamp) throws -> LeaseOutcome {
        let now = now()
        var changes: Changes = [
            "status": .string(LedgerOrder.Status.activating.rawValue), "open": "1",
            "dueAt": .milliseconds(until), "leaseOwner": .string(owner), "leaseUntil": .milliseconds(until),
            "updatedAt": .milliseconds(now),
        ]
        changes["lastEvent"] = request.platformEvent.map(JSON.string)
        var expression = update(changes)
        expression.text +=
            ", #tries = if_not_exists(#tries, :zero) + :one, #attempt = if_not_exists(#attempt, :one)"
            + ", #correlationId = if_not_exists(#correlationId, :correlationId)"
        expression.values.merge(["zero": 0, "one": 1, "correlationId": .string(request.correlationID)]) { $1 }
        let free = Write.Expression(
            "attribute_not_exists(#pk) OR #status = :accepted OR (#status = :activating AND \(Ledger.leaseIsFree))",
            [
                "accepted": .string(LedgerOrder.Status.accepted.rawValue),
                "activating": .string(LedgerOrder.Status.activating.rawValue), "now": .milliseconds(now),
            ])
        switch try table.write(.update(LedgerOrder.key(request.orderID), expression, if: free)) {
        case .written(let item):
            guard let order = try read(item) else { throw Unreadable() }
            return .taken(Lease(order, owner: owner, ledger: self))
        case .conditionFailed(let item):
            guard let order = try read(item) else { throw Unreadable() }
            // Our own lease, when the answer of the write was lost and it was sent again.
            let isOurs = item?["leaseOwner"]?.stringOrNumber == owner
            return isOurs ? .taken(Lease(order, owner: owner, ledger: self)) : .refused(order)
        }
    }

    /// Takes an order that has ended, and of which Salesforce has to be told yet, or again. It stays what it is, for
    /// everybody to see.
    private func takeEnded(_ order: LedgerOrder, _ owner: String, _ until: Timestamp) throws -> LeaseOutcome {
        var expression = update([
            "dueAt": .milliseconds(until), "leaseOwner": .string(owner), "leaseUntil": .milliseconds(until),
        ])
        expression.text += ", #tries = #tries + :one"
        expression.values["one"] = 1
        let untold = Write.Expression(
            "#status = :status AND attribute_exists(#dueAt) AND \(Ledger.leaseIsFree)",
            ["status": .string(order.status.rawValue), "now": .milliseconds(now())])
        let write = Write.update(LedgerOrder.key(order.id), expression, if: untold)
        guard case .written(let item) = try table.write(write), let taken = try read(item) else {
            return .refused(order)
        }
        return .taken(Lease(taken, owner: owner, ledger: self))
    }

    /// A new platform event for a Failed order is the operator's new request.
    private func reopen(_ order: LedgerOrder, _ request: ProvisionRequested) throws -> Bool {
        let expression = acceptedUpdate(after: order, correlationID: request.correlationID)
        guard case .written = try table.write(.update(LedgerOrder.key(order.id), expression, if: failed(order))) else {
            return false
        }
        return true
    }
}
