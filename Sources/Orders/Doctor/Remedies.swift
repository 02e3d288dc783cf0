import AWS
import Salesforce
import WHMCS

// What a person can do about a call's failure.

extension AWSFailure {
    var help: String {
        switch self {
        case .unreachable, .unreadable:
            "Ask again; if it stays, look at AWS's Health Dashboard and the function's network."
        case .refused(_, let code, _, _):
            switch code {
            case "AccessDeniedException", "AccessDenied", "KMSAccessDeniedException":
                "Deploy template.yaml again: the function's role lacks a right. With SecretsKeyArn, the secrets must be"
                    + " encrypted by that key."
            case "ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist":
                "Deploy template.yaml again: it creates what is missing."
            default: "Look up the code in the documentation of the service."
            }
        }
    }
}

extension SalesforceFailure {
    /// For a failure without a hint.
    var help: String {
        switch self {
        case .unavailable, .unanswered, .unreadable: "Ask again; status.salesforce.com shows an instance's outages."
        case .limitReached: "Wait for the limit, or find out which program uses it up (Setup, System Overview)."
        case .rejected, .grantRefused: "Look into the login history and the permissions of the integration user."
        case .notFound: "Give the integration user the permission sets of deploy/salesforce."
        case .sessionInvalid, .noToken:
            "Invoke refresh-sf-token, which stores a new token; if it fails, its own checks say why."
        }
    }
}

extension WHMCSFailure {
    var help: String {
        switch self {
        case .notReachable: "Check WHMCS_API_URL, the certificate of its host, and its firewall."
        case .notJSON:
            "WHMCS_API_URL must end with /includes/api.php; a firewall, bot protection or maintenance mode must let the"
                + " suite through."
        case .serverError, .unreadable: "Look into PHP's error log on the host of WHMCS."
        case .noCredentials:
            "Put {\"identifier\",\"secret\",\"accesskey\"?} into the parameter that WHMCS_CREDENTIALS_PARAMETER names."
        case .authentication:
            "Create API credentials in WHMCS (Manage API Credentials), and put them into the parameter that"
                + " WHMCS_CREDENTIALS_PARAMETER names."
        case .addressNotAllowed(let address):
            "Lambda's addresses change. Give the functions a fixed one (a VPC with NAT) and add it in WHMCS (General"
                + " Settings, Security, API IP Access Restriction; this call came from \(address)); or set"
                + " $api_access_key in WHMCS and \"accesskey\" in the credentials."
        case .permission(let action):
            "Allow \(action) in the API role of the credentials (Manage API Credentials, API Roles)."
        default: "Look into WHMCS's API log (Configuration, System Logs)."
        }
    }
}
