import Salesforce

extension SalesforceFailure {
    /// The failure, and after a dash what an operator can do about it, as far as that is known.
    var descriptionWithHint: String {
        guard let hint else { return description }
        return "\(description) – \(hint)"
    }

    /// What an operator can do.
    var hint: String? {
        switch self {
        case .rejected(_, let code, let message): rejectionHint(code, message.lowercased())
        case .grantRefused(let error, let message): grantHint(error, message.lowercased())
        default: nil
        }
    }
}

private func rejectionHint(_ code: String, _ message: String) -> String? {
    switch code {
    case _ where message.contains("activated"), "INSUFFICIENT_ACCESS_OR_READONLY":
        "An activated order can be edited only with the permission \"Edit Activated Orders\"; check also that the"
            + " integration user may edit the fields."
    case "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "The integration user may not see a record this one names."
    // In the error, quotes surround the refused field only.
    case "INVALID_FIELD" where message.contains("'currencyisocode'"):
        "The org has one currency only: set SF_CURRENCY to its ISO code."
    case "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE":
        "The field does not exist, or the integration user may not see it; check the SF_FIELD_ settings."
    case "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Add the value to the picklist, or check the SF_STATUS_ settings."
    case "JSON_PARSER_ERROR": "A field has another type than its value."
    case "STRING_TOO_LONG":
        "A text field must hold 255 characters, and the one for the error message SF_ERROR_MESSAGE_LENGTH."
    case "UNSUPPORTED_API_VERSION": "Set SF_API_VERSION to a version this org has."
    case "API_DISABLED_FOR_ORG": "The org's edition or the user's profile has no API access."
    case "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": "Make the integration user's password one that never expires."
    default: nil
    }
}

private func grantHint(_ error: String, _ message: String) -> String {
    switch error {
    case "invalid_grant" where message.contains("hasn't approved"), "invalid_app_access":
        return "Pre-authorize the user: in the app's policies choose \"Admin approved users\" and give the user's"
            + " profile or permission set."
    case "invalid_grant" where message.contains("audience"):
        return "Set SF_AUDIENCE: https://login.salesforce.com, or https://test.salesforce.com for a sandbox."
    case "invalid_grant" where message.contains("expired"):
        return "The assertion expired before it arrived: check the clock."
    case "invalid_grant" where message.contains("ip restricted"):
        return
            "The address is outside the login ranges of the user's profile, which this flow always enforces. Lambda's"
            + " addresses change: give the functions a fixed one (a VPC with NAT) within the ranges."
    case "invalid_grant" where message.contains("assertion") || message.contains("jwt"):
        return "The private key does not fit the certificate of the app, or the client id is another app's."
    case "invalid_grant":
        return "Check that the user is active, neither locked nor frozen, and that SF_USERNAME is its user name."
    case "invalid_client_id", "invalid_client":
        return "Copy the consumer key (and secret) again from the app: l and I look alike."
    case "app_not_found":
        return "The app is not installed in this org, or the login URL is not this org's My Domain."
    case "inactive_user": return "Activate the integration user."
    case "inactive_org": return "The org is closed or suspended."
    case "unsupported_grant_type": return "Enable the flow in the app's OAuth settings."
    // The answer was a page: no token service lives there.
    case _ where error.hasPrefix("HTTP "): return "Check the login URL."
    default: return "Look into the login history of the integration user."
    }
}
