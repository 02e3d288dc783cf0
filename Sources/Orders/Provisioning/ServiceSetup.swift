import Basics
import JSON
import WHMCS

/// Looks whether WHMCS has set up the services of an accepted order. That the order is Active does not say it: WHMCS puts
/// the action of a module that fails into its module queue, and leaves the service Pending.
extension ProvisioningRun {
    /// By which the time for a repair begins, however often WHMCS fails.
    private static let longestOutage: Milliseconds = 86_400_000

    /// Ends well when each service is Active, or waits for a payment or a person. A failed action is an alert; a person may
    /// repeat it in WHMCS within `WHMCS_SETUP_TIME`.
    ///
    /// - Parameter wasAccepted: whether an earlier run accepted the order: people may have changed it since.
    mutating func checkSetup(_ plan: Plan, wasAccepted: Bool) throws {
        let whmcs = try whmcs()
        if wasAccepted {
            try checkIsActive(reading { () throws(WHMCSFailure) in try whmcs.order(order.whmcsOrderID ?? 0) })
        }
        let readAt = http.now()
        let services = try reading { () throws(WHMCSFailure) in
            try whmcs.services(clientId: plan.clientID, ids: order.whmcsServiceIDs)
        }
        try checkRemain(services)
        let waiting = services.filter(\.isPending).map(\.id)
        guard !waiting.isEmpty else { return }
        if let quietUntil = acceptOrderQuietUntil, readAt < quietUntil {
            throw ProvisioningFailure(
                .whmcsUnavailable, "WHMCS may still set services up", isRetryable: true, notBefore: quietUntil)
        }
        let failed = try reading { () throws(WHMCSFailure) in try failedActions(whmcs, waiting) }
        guard failed.isEmpty else { return try waitForRepair(failed) }
        log.info("services wait for their set-up", ["services": .number(waiting.count)])
    }

    /// The order is accepted, so a look that fails says nothing of it: it is repeated, also where only a person can give a
    /// right back. What is refused for too long ends the request, so that an operator can request it again.
    private func reading<Result>(_ look: () throws(WHMCSFailure) -> Result) throws(ProvisioningFailure) -> Result {
        do { return try look() } catch {
            throw ProvisioningFailure(
                error.isRetryable ? .whmcsUnavailable : .whmcsRejected,
                "WHMCS accepted the order, and its set-up cannot be read. \(error.description)",
                isRetryable: error.isRetryable || order.attempts < settings.maxAttempts)
        }
    }

    private func checkIsActive(_ found: WHMCSOrder?) throws(ProvisioningFailure) {
        guard found?.isActive != true else { return }
        throw unusable(order.whmcsOrderID ?? 0, found, "after it was accepted")
    }

    /// A person may have deleted or ended a service since.
    private func checkRemain(_ services: [Service]) throws(ProvisioningFailure) {
        let ended = services.filter(\.hasEnded).map { "\($0.id) is \($0.status ?? "gone")" }
        let missing = Set(order.whmcsServiceIDs).subtracting(services.map(\.id)).sorted().map { "\($0) is gone" }
        guard let first = (ended + missing).first else { return }
        throw ProvisioningFailure(
            .whmcsRejected, "service \(first) in WHMCS order \(order.whmcsOrderID ?? 0) after it was accepted")
    }

    /// None where the API role may not read the queue.
    private func failedActions(_ whmcs: WHMCSClient, _ services: [Int]) throws(WHMCSFailure) -> [FailedAction] {
        do { return try whmcs.failedActions(serviceIds: services) } catch .permission {
            log.warn("the WHMCS API role does not allow GetModuleQueue: failed set-ups stay unseen")
            return []
        }
    }

    private mutating func waitForRepair(_ failed: [FailedAction]) throws {
        let list = failed.map { "service \($0.serviceId), \($0.action): \($0.error)" }.joined(separator: "; ")
        var failure = ProvisioningFailure(
            .whmcsSetupFailed,
            "A module could not set up \(list). Repeat the action in WHMCS's module queue, then request the order again"
        )
        if order.setupFailedAt == nil {
            metrics.add(.setupFailures)
            alerts.raise(.moduleFailed, order.id, failure.code, whmcsOrder: order.whmcsOrderID)
            try lease.recordSetupFailed()
        }
        // Nobody could repair it while WHMCS did not answer: then the time starts anew, but not for ever.
        let failedAt = order.setupFailedAt ?? http.now()
        let answersSince = breakers?[.whmcs].answersSince(now: http.now()) ?? failedAt
        let end = min(max(failedAt, answersSince), failedAt + Self.longestOutage) + settings.setupTime
        failure.isRetryable = http.now() < end
        failure.notAfter = end
        throw failure
    }
}
