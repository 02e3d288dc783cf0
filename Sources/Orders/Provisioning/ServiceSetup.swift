import Basics
import JSON
import WHMCS

/// Looks whether WHMCS has set up the services of an accepted order. That the order is Active does not say it: WHMCS puts
/// the action of a module that fails into its module queue, and leaves the service Pending.
extension ProvisioningRun {
    /// Ends well when each service is Active, or waits for a payment or a person. A failed action is an alert; a person may
    /// repeat it in WHMCS within `WHMCS_SETUP_TIME`.
    mutating func checkSetup(_ plan: Plan) throws {
        let whmcs = try whmcs()
        let readAt = http.now()
        let services = try whmcs.services(clientId: plan.clientID, ids: order.whmcsServiceIDs)
        let waiting = services.filter(\.isPending).map(\.id)
        guard !waiting.isEmpty else { return }
        if let quietUntil = acceptOrderQuietUntil, readAt < quietUntil {
            throw ProvisioningFailure(
                .whmcsUnavailable, "WHMCS may still set services up", isRetryable: true, notBefore: quietUntil)
        }
        let failed = try failedActions(whmcs, waiting)
        guard failed.isEmpty else { return try waitForRepair(failed) }
        log.info("services wait for their set-up", ["services": .number(waiting.count)])
    }

    /// None where the API role may not read the queue.
    private func failedActions(_ whmcs: WHMCSClient, _ services: [Int]) throws -> [FailedAction] {
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
            alerts.raise("A module failed to set up a service", order.id, failure)
            try lease.recordSetupFailed()
        }
        let end = (order.setupFailedAt ?? http.now()) + settings.setupTime
        failure.isRetryable = http.now() < end
        failure.notAfter = end
        throw failure
    }
}
