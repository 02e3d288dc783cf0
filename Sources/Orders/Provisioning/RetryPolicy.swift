import Basics
import JSON

/// When a run that could not finish is retried, and what a request that is not retried ends with.
extension ProvisioningRun {
    /// Ends a request whose runs die before they can count their own failures. A call in doubt gets as many runs again: one
    /// of them comes after the quiet time.
    func checkAttempts() throws(ProvisioningFailure) {
        let most = settings.maxAttempts * (quietUntil == nil ? 1 : 2)
        guard order.attempts > most, order.step != .failureUpdate, order.step != .accept else { return }
        throw ProvisioningFailure(
            order.errorCode.flatMap(ErrorCode.init) ?? .provisioningError,
            order.errorMessage ?? "not finished after \(settings.maxAttempts) attempts")
    }

    /// A retryable failure makes the order due again, until its attempts are used up. Any other ends the request.
    mutating func settle(_ failure: ProvisioningFailure) throws {
        log.warn(
            "run failed", ["errorCode": .string(failure.code.rawValue), "errorMessage": .string(failure.message)])
        // The failure that ends the request is recorded, and only its report went wrong: it keeps its code, which may say
        // that a new request is not safe.
        if order.step == .failureUpdate { return try lease.release(dueAt: http.now() + settings.retryDelay) }
        if try waitsForOutage(after: failure) { return }
        // What WHMCS has accepted is in force: attempts do not end it.
        if failure.isRetryable, order.attempts < settings.maxAttempts || order.step == .accept {
            remind(failure)
            return try lease.release(dueAt: dueAt(after: failure), after: failure)
        }
        // WHMCS may still carry the call out. Until it cannot, nobody could tell whether a new request is safe.
        if let quietUntil, http.now() < quietUntil { return try lease.release(dueAt: quietUntil, after: failure) }
        let final = finalFailure(failure)
        if final.needsAlert || failure.isRetryable {
            alerts.raise(.orderNotProvisioned, order.id, final.code, whmcsOrder: order.whmcsOrderID)
        }
        try lease.recordFailure(final)
        try reportFailed()
    }

    /// When WHMCS has carried out a call that it did not answer, or will not; nil when none is in doubt.
    private var quietUntil: Timestamp? {
        [order.isAddOrderInDoubt ? addOrderQuietUntil : nil, acceptOrderQuietUntil].compactMap(\.self).max()
    }

    /// An accepted order is retried for as long as it takes.
    private func remind(_ failure: ProvisioningFailure) {
        guard order.step == .accept, order.attempts.isMultiple(of: settings.maxAttempts) else { return }
        alerts.raise(.notSetUpYet, order.id, failure.code, whmcsOrder: order.whmcsOrderID)
    }

    private func dueAt(after failure: ProvisioningFailure) -> Timestamp {
        var dueAt = nextAttempt()
        if let notBefore = failure.notBefore { dueAt = max(dueAt, notBefore) }
        if let notAfter = failure.notAfter { dueAt = min(dueAt, notAfter) }
        return dueAt
    }

    /// While AddOrder is in doubt, a request ends with that: any other code would say that a new request is safe.
    private func finalFailure(_ failure: ProvisioningFailure) -> ProvisioningFailure {
        guard order.isAddOrderInDoubt, failure.code != .whmcsOutcomeUnknown, let plan = order.plan else {
            return failure
        }
        var unknown = outcomeUnknown(plan)
        unknown.message += ". Then: \(failure)"
        return unknown
    }

    func nextAttempt() -> Timestamp {
        let backoff = Backoff(
            first: settings.retryDelay, longest: 3_600_000, jitter: .full(shortest: 1_000))
        return http.now() + backoff.wait(after: order.attempts, random: http.random)
    }
}
