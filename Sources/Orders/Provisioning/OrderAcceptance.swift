import WHMCS

extension ProvisioningRun {
    /// Accepts the order, so that WHMCS sets its services up. On a failure the order's status decides: a module may fail
    /// after it has set the service up, and WHMCS gives the same error for an Active order as for a missing one.
    mutating func acceptOrder() throws {
        guard let id = order.whmcsOrderID else {
            throw ProvisioningFailure(.provisioningError, "the ledger lost the WHMCS order id")
        }
        let whmcs = try whmcs()
        do throws(WHMCSFailure) {
            try whmcs.acceptOrder(id)
        } catch {
            let found = try whmcs.order(id)
            if found?.isPending == true {
                throw ProvisioningFailure(.whmcsUnavailable, error.description, isRetryable: true)
            }
            guard found?.isActive == true else {
                throw ProvisioningFailure(
                    .whmcsRejected,
                    "WHMCS order \(id) is \(found?.status ?? "gone") and cannot be accepted"
                        + (found?.isCancelled ?? true ? "; request the order again to create another" : ""))
            }
        }
        try lease.recordStep(.accept)
    }
}
