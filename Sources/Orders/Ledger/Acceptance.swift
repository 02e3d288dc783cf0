import AWS
import Basics
import JSON
import Salesforce

/// A checked request to provision an order.
struct Acceptance {
    var orderID: RecordID
    var nonce: String
    var idempotencyKey: String
    /// When the operator asked for it.
    var requestedAt: Timestamp
    /// The same for every attempt of one invocation, so that a transaction which is sent again after a lost answer
    /// recognises its own claims.
    var claimant: String
    var correlationID: String
    var nonceLifetime: Milliseconds

    /// Whether the operator may have seen that the order failed. A request that was under way meanwhile asks for nothing new:
    /// after `WHMCS_OUTCOME_UNKNOWN` a person must look into WHMCS first. Salesforce's times are whole seconds.
    func follows(failureOf order: LedgerOrder) -> Bool {
        requestedAt + 1_000 > order.endedAt ?? order.updatedAt
    }

    static func answer(_ id: RecordID, _ status: LedgerOrder.Status, _ requestNumber: Int) -> JSON {
        ["orderId": .string(id.text), "status": .string(status.rawValue), "attempt": .number(requestNumber)]
    }
}

enum AcceptanceOutcome: Equatable {
    /// The ledger holds the request, and its event must be published.
    case accepted(requestNumber: Int)
    /// The order is in progress or Provisioned, or has failed since the operator asked.
    case duplicate(LedgerOrder)
    /// The key was used for this order; its first response is repeated.
    case replayed(JSON)
    case nonceReused
    case idempotencyKeyReused
}

extension Ledger {
    /// How long after its request recovery publishes an accepted order again.
    private static let firstRecoveryDelay: Milliseconds = 60_000

    /// Records the request in one transaction: nonce and idempotency key unclaimed, and the order new or Failed.
    func accept(_ request: Acceptance) throws -> AcceptanceOutcome {
        // Most orders are new, so nothing is read first: an order that exists comes back with the refused transaction.
        var previous: LedgerOrder?
        for _ in 0..<3 {
            let requestNumber = (previous?.requestNumber ?? 0) + 1
            let claims = [
                try nonceClaim(request), try idempotencyKeyClaim(request, .accepted, requestNumber),
                requestWrite(request.orderID, after: previous, correlationID: request.correlationID),
            ]
            let results: [ConditionResult]?
            do throws(AWSFailure) {
                results = try table.transact(claims)
            } catch {
                // Of two clicks at once.
                guard error.isTransactionConflict else { throw error }
                continue
            }
            guard let results else { return .accepted(requestNumber: requestNumber) }
            if let outcome = try outcome(nonce: results[0], key: results[1], request) { return outcome }
            guard case .failed(let item) = results[2] else { continue }
            previous = try read(item)
            if let previous, previous.status != .failed || !request.follows(failureOf: previous) {
                // Salesforce may show the failure already: the request may be a new one, and is accepted in a moment.
                if previous.isFailing { throw Contended() }
                return try recordDuplicate(request, of: previous)
            }
        }
        throw Contended()
    }

    /// A duplicate starts nothing, and uses up its nonce and its key all the same: a sender that repeats it after the order
    /// has failed has not seen the failure.
    private func recordDuplicate(_ request: Acceptance, of order: LedgerOrder) throws -> AcceptanceOutcome {
        let claims = [try nonceClaim(request), try idempotencyKeyClaim(request, order.status, order.requestNumber)]
        guard let results = try table.transact(claims) else { return .duplicate(order) }
        return try outcome(nonce: results[0], key: results[1], request) ?? .duplicate(order)
    }

    /// What the claims decide; nil when the order's own state decides.
    private func outcome(
        nonce: ConditionResult, key: ConditionResult, _ request: Acceptance
    ) throws -> AcceptanceOutcome? {
        if case .failed(let item) = nonce {
            guard ExistingClaim(item).isOf(request), case .failed(let keyItem) = key,
                let requestNumber = ExistingClaim(keyItem).requestNumber
            else { return .nonceReused }
            return .accepted(requestNumber: requestNumber)
        }
        guard case .failed(let item) = key else { return nil }
        let claim = ExistingClaim(item)
        guard claim.orderID == request.orderID.text, let answer = claim.answer else {
            return try afterClaimingNonce(request, .idempotencyKeyReused)
        }
        return try afterClaimingNonce(request, .replayed(answer))
    }

    /// A refused transaction claims no nonce. Without this claim the same bytes would be accepted later.
    private func afterClaimingNonce(_ request: Acceptance, _ outcome: AcceptanceOutcome) throws -> AcceptanceOutcome {
        guard case .conditionFailed(let item) = try table.write(nonceClaim(request)),
            !ExistingClaim(item).isOf(request)
        else { return outcome }
        return .nonceReused
    }

    /// Enters an order that Salesforce has and that was never requested here. It is due at once.
    ///
    /// - Returns: whether the order was new.
    func enter(_ id: RecordID, correlationID: String) throws -> Bool {
        guard case .written = try table.write(requestWrite(id, after: nil, correlationID: correlationID, dueAt: now()))
        else { return false }
        return true
    }

    /// Makes a new request of a Failed order.
    ///
    /// - Returns: whether the order was still as it was read.
    func reopen(_ order: LedgerOrder, correlationID: String) throws -> Bool {
        guard case .written = try table.write(requestWrite(order.id, after: order, correlationID: correlationID)) else {
            return false
        }
        return true
    }

    /// → Accepted. What the order has in WHMCS stays: such an order is continued. An order without it is planned again,
    /// since somebody may have fixed what was wrong with its plan.
    private func requestWrite(
        _ id: RecordID, after previous: LedgerOrder?, correlationID: String, dueAt: Timestamp? = nil
    ) -> Write {
        let now = now()
        let requestNumber = (previous?.requestNumber ?? 0) + 1
        var update: ItemUpdate = [
            .status: .string(LedgerOrder.Status.accepted.rawValue), .requestNumber: .number(requestNumber),
            .attempts: 0, .open: "1", .dueAt: .milliseconds(dueAt ?? now + Ledger.firstRecoveryDelay),
            .correlationID: .string(correlationID), .updatedAt: .milliseconds(now), .errorCode: .null,
            .errorMessage: .null, .step: .null, .leaseOwner: .null, .leaseUntil: .null,
            .endedAt: .null, .setupFailedAt: .null, .requestedAt: .milliseconds(now),
        ]
        // An order that has its id sends no AddOrder again, and looks for the duplicate that two may have made.
        if previous?.whmcsOrderID == nil { (update[.plan], update[.addOrderSends]) = (.null, .null) }
        update[.history] = history(of: previous, with: .accepted, requestNumber: requestNumber, at: now)
        return .update(ItemKey.order(id), update, if: previous.map(isStillFailed) ?? .absent(.key))
    }

    /// The order is as it was read, and no run reports its failure: that report could land after the next run's.
    private func isStillFailed(_ order: LedgerOrder) -> Condition {
        .status(.failed) && .equal(.requestNumber, .number(order.requestNumber)) && isFree
    }
}
