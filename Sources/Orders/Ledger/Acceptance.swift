import AWS
import Basics
import Crypto
import JSON
import Salesforce

/// A checked request that is to become an order in the ledger.
struct Acceptance {
    var orderID: RecordID
    var nonce: String
    var idempotencyKey: String
    /// Who makes the claim: the same for every try of one invocation, so that a transaction whose answer was lost and
    /// that is sent again knows its own traces.
    var claimant: String
    var correlationID: String
    /// ms
    var nonceLifetime: Milliseconds

    static func answer(_ id: RecordID, _ status: LedgerOrder.Status, _ attempt: Int) -> JSON {
        ["orderId": .string(id.text), "status": .string(status.rawValue), "attempt": .number(attempt)]
    }
}

enum AcceptanceOutcome: Equatable {
    /// It is in the ledger now and has to be announced.
    case accepted(attempt: Int)
    /// The order is under way or done.
    case known(LedgerOrder)
    /// The same key came with the same order before; this was answered then.
    case replayed(JSON)
    case nonceSeen
    case keyReused
}

extension Ledger {
    /// How long an accepted order may wait for its run before it is announced again, in ms.
    private static let announcementPatience: Milliseconds = 60_000
    private static let keyLifetime: Milliseconds = 24 * 3_600_000

    /// Records the request in one transaction: nonce unseen, key unseen, and the order new or Failed.
    func accept(_ request: Acceptance) throws -> AcceptanceOutcome {
        // Most orders are new. One that is not stands in the way with all it holds, so that no read is needed first.
        var previous: LedgerOrder?
        for _ in 0..<3 {
            guard let results = try table.transact(claims(request, after: previous)) else {
                return .accepted(attempt: (previous?.attempt ?? 0) + 1)
            }
            if let outcome = try outcome(of: results, request) { return outcome }
            guard case .failed(let item) = results[2] else { continue }
            previous = try read(item)
            if let previous, previous.status != .failed { return try afterClaimingNonce(request, .known(previous)) }
        }
        throw Contended()
    }

    /// Others changed the order between every look at it and the write that followed.
    struct Contended: Error, CustomStringConvertible {
        let description = "the order is being requested by too many at once"
    }

    /// What nonce and key alone decide; nil when the order's own state does.
    private func outcome(of results: [ConditionResult], _ request: Acceptance) throws -> AcceptanceOutcome? {
        if case .failed(let nonce) = results[0] {
            // Our own trace, left by a try whose answer was lost.
            guard nonce?["claimant"]?.stringOrNumber == request.claimant, case .failed(let key) = results[1],
                let attempt = key?["attempt"]?.integer
            else { return .nonceSeen }
            return .accepted(attempt: Int(attempt))
        }
        guard case .failed(let key) = results[1] else { return nil }
        guard key?["orderId"]?.stringOrNumber == request.orderID.text, let answer = key?["answer"] else {
            return try afterClaimingNonce(request, .keyReused)
        }
        return try afterClaimingNonce(request, .replayed(answer))
    }

    /// A refused transaction left no nonce; without one, the same bytes would be welcome again.
    private func afterClaimingNonce(_ request: Acceptance, _ outcome: AcceptanceOutcome) throws -> AcceptanceOutcome {
        guard case .conditionFailed(let item) = try table.write(nonceClaim(request)),
            item?["claimant"]?.stringOrNumber != request.claimant
        else { return outcome }
        return .nonceSeen
    }

    private func claims(_ request: Acceptance, after previous: LedgerOrder?) -> [Write] {
        [nonceClaim(request), keyClaim(request, (previous?.attempt ?? 0) + 1), orderClaim(request, after: previous)]
    }

    /// DynamoDB deletes expired items late, so that the condition compares the time itself.
    private func unseen() -> Write.Expression {
        Write.Expression("attribute_not_exists(#pk) OR #expiresAt < :now", ["now": .number(now().seconds)])
    }

    private func nonceClaim(_ request: Acceptance) -> Write {
        .put(
            [
                "pk": .string("nonce#" + hex(sha256(Array(request.nonce.utf8)))),
                "expiresAt": expiry(request.nonceLifetime), "claimant": .string(request.claimant),
            ], if: unseen())
    }

    private func keyClaim(_ request: Acceptance, _ attempt: Int) -> Write {
        .put(
            [
                "pk": .string("key#" + hex(sha256(Array(request.idempotencyKey.utf8)))),
                "expiresAt": expiry(Ledger.keyLifetime), "orderId": .string(request.orderID.text),
                "attempt": .number(attempt),
                "answer": Acceptance.answer(request.orderID, .accepted, attempt),
            ], if: unseen())
    }

    private func orderClaim(_ request: Acceptance, after previous: LedgerOrder?) -> Write {
        let key = LedgerOrder.key(request.orderID)
        let expression = acceptedUpdate(after: previous, correlationID: request.correlationID)
        guard let previous else { return .update(key, expression, if: .init("attribute_not_exists(#pk)")) }
        return .update(key, expression, if: failed(previous))
    }

    /// The order is still as it was when it was looked at: Failed, after that many attempts. And nobody is telling
    /// Salesforce of it: that could land after what the next run has to tell.
    func failed(_ order: LedgerOrder) -> Write.Expression {
        .init(
            "#status = :failed AND #attempt = :failedAttempt AND \(Ledger.leaseIsFree)",
            [
                "failed": .string(LedgerOrder.Status.failed.rawValue),
                "failedAttempt": .number(order.attempt), "now": .milliseconds(now()),
            ])
    }

    /// What the order had of WHMCS stays: an order that exists there is continued, not made again. Without one the
    /// plan is made afresh, since what was wrong with it may have been mended.
    func acceptedUpdate(after previous: LedgerOrder?, correlationID: String) -> Write.Expression {
        let now = now()
        let attempt = (previous?.attempt ?? 0) + 1
        var changes: Changes = [
            "status": .string(LedgerOrder.Status.accepted.rawValue), "attempt": .number(attempt),
            "tries": 0, "open": "1", "dueAt": .milliseconds(now + Ledger.announcementPatience),
            "correlationId": .string(correlationID), "updatedAt": .milliseconds(now), "errorCode": .null,
            "errorMessage": .null, "step": .null, "leaseOwner": .null, "leaseUntil": .null, "addOrderSends": .null,
            "endedAt": .null,
        ]
        if previous?.whmcsOrderID == nil { changes["plan"] = .null }
        return update(changes, history: historyEntry(.accepted, attempt: attempt, at: now))
    }

    private func expiry(_ lifetime: Milliseconds) -> JSON {
        .number((now() + lifetime).seconds + 1)
    }
}
