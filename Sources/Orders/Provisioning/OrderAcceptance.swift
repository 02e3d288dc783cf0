import Basics
import HTTP
import WHMCS

/// Accepts the order in WHMCS.
///
/// AcceptOrder calls the modules of the products, which may take longer than an answer. Two at once can set a service up
/// twice. So it is guarded as AddOrder is: the ledger records it before it is sent, and after an unclear outcome the order
/// is read, and AcceptOrder is sent again only after the quiet time.
extension ProvisioningRun {
    /// - Parameter created: the order as this run has just read it; nil when an earlier run created it.
    mutating func acceptOrder(_ created: WHMCSOrder?) throws {
        guard let id = order.whmcsOrderID else {
            throw ProvisioningFailure(.provisioningError, "the ledger lost the WHMCS order id")
        }
        let whmcs = try whmcs()
        // Read before the order: it may become Active while it is read.
        let readAt = http.now()
        let isAtWork = acceptOrderQuietUntil.map { readAt < $0 } ?? false
        let current = try order.acceptOrderAt == nil && created != nil ? created : whmcs.order(id)
        if current?.isActive == true { return try lease.recordAccepted(isAnswered: !isAtWork) }
        try checkIsPending(current, id)
        guard !isAtWork else { throw acceptOrderUnanswered("AcceptOrder was not answered") }
        guard http.now() <= latestStart else {
            throw ProvisioningFailure(.whmcsUnavailable, "not enough time left to send AcceptOrder", isRetryable: true)
        }
        try lease.recordAcceptOrderSending(until: http.deadline ?? http.now())
        do throws(WHMCSFailure) { try whmcs.acceptOrder(id, autoSetup: settings.autoSetup) } catch {
            return try judge(error, whmcs, id)
        }
        try lease.recordAccepted(isAnswered: true)
    }

    /// The order's status decides, not the answer: a module may fail after it has set the service up, and WHMCS gives the
    /// same error for an Active order as for a missing one.
    private mutating func judge(_ failure: WHMCSFailure, _ whmcs: WHMCSClient, _ id: Int) throws {
        let isUnanswered = failure.outcomeUnknown
        if isUnanswered { try lease.recordAcceptOrderUnanswered() } else { try lease.recordAcceptOrderRefused() }
        var refused = ProvisioningFailure(failure)
        refused.message += " Fix that, or accept WHMCS order \(id) by hand; then request the order again"
        let found: WHMCSOrder?
        do throws(WHMCSFailure) { found = try whmcs.order(id) } catch {
            throw failure.isRefusalOfCaller && error.isRefusalOfCaller ? refused : error
        }
        if found?.isActive == true { return try lease.recordAccepted(isAnswered: !isUnanswered) }
        try checkIsPending(found, id)
        if failure.isRefusalOfCaller { throw refused }
        if isUnanswered { throw acceptOrderUnanswered(failure.description) }
        throw ProvisioningFailure(.whmcsUnavailable, failure.description, isRetryable: true)
    }

    private func checkIsPending(_ found: WHMCSOrder?, _ id: Int) throws {
        guard found?.isPending != true else { return }
        throw unusable(id, found, "and cannot be accepted")
    }

    /// A new request makes another order of a cancelled one, and continues any other.
    func unusable(_ id: Int, _ found: WHMCSOrder?, _ words: String) -> ProvisioningFailure {
        ProvisioningFailure(
            .whmcsRejected,
            "WHMCS order \(id) is \(found?.status ?? "gone") \(words)"
                + (found?.isCancelled ?? true ? "; request the order again to create another" : ""))
    }

    private func acceptOrderUnanswered(_ message: String) -> ProvisioningFailure {
        ProvisioningFailure(.whmcsUnavailable, message, isRetryable: true, notBefore: acceptOrderQuietUntil)
    }

    /// Until then WHMCS may work on an AcceptOrder that it has not answered; nil when it works on none.
    var acceptOrderQuietUntil: Timestamp? { order.acceptOrderAt.map { $0 + settings.quietTime } }
}
