/// Why an order is not provisioned, as Salesforce, the portal and alerts show it. The README says who fixes each.
enum ErrorCode: String, CaseIterable {
    case orderNotFound = "ORDER_NOT_FOUND"
    case orderNotProvisionable = "ORDER_NOT_PROVISIONABLE"
    case clientNotLinked = "CLIENT_NOT_LINKED"
    case clientMismatch = "CLIENT_MISMATCH"
    case clientClosed = "CLIENT_CLOSED"
    case paymentMethodMissing = "PAYMENT_METHOD_MISSING"
    case mappingFailed = "MAPPING_FAILED"
    case whmcsRejected = "WHMCS_REJECTED"
    case whmcsSetupFailed = "WHMCS_SETUP_FAILED"
    case whmcsUnavailable = "WHMCS_UNAVAILABLE"
    case whmcsOutcomeUnknown = "WHMCS_OUTCOME_UNKNOWN"
    case salesforceUnavailable = "SALESFORCE_UNAVAILABLE"
    case salesforceRejected = "SALESFORCE_REJECTED"
    case provisioningError = "PROVISIONING_ERROR"
}
