/// The steps of provisioning, by the names of the runbook; the ledger keeps the last one done.
public enum Step: String, Sendable {
    case validation
    case statusUpdate = "sf_status_update"
    case orderDetails = "order_details"
    case mapping
    case create = "whmcs_create"
    case accept = "whmcs_accept"
    case successUpdate = "sf_success_update"
    /// Decided to be Failed, which Salesforce has still to be told.
    case failureUpdate = "sf_failure_update"
}
