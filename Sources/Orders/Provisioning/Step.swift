/// The steps of provisioning, by the names of the log and the runbook. The ledger keeps the last one done.
enum Step: String, Sendable, CaseIterable {
    case validation
    case statusUpdate = "sf_status_update"
    case orderDetails = "order_details"
    case mapping
    case create = "whmcs_create"
    case accept = "whmcs_accept"
    case setup = "whmcs_setup"
    case successUpdate = "sf_success_update"
    /// In the ledger: the request has failed, and the report to Salesforce is pending.
    case failureUpdate = "sf_failure_update"
}
