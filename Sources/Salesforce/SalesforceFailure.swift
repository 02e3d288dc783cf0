/// Why Salesforce did not do what was asked.
///
/// `doing` is the attempt in words: "reading the order".
public enum SalesforceFailure: Error, Sendable, Equatable {
    /// No answer, a maintenance page, an overloaded server, a locked row.
    case unavailable(doing: String, reason: String)
    /// A write went out and had no answer, or one that is not Salesforce's own: it may still be carried out, over what is
    /// written meanwhile.
    case unanswered(doing: String, reason: String)
    /// An allowance is used up; it passes in hours.
    case limitReached(doing: String, message: String)
    /// A clear no.
    case rejected(doing: String, code: String, message: String)
    /// The record is not there, or not for this user.
    case notFound(doing: String, message: String)
    /// The token is not accepted, nor is the one that replaced it.
    case sessionInvalid
    case noToken(String)
    case grantRefused(error: String, message: String, hint: String)
    /// JSON, but not what the call answers.
    case unreadable(doing: String)
}

extension SalesforceFailure {
    public var isUnanswered: Bool {
        if case .unanswered = self { true } else { false }
    }

    /// Whether the same may succeed later without anybody mending anything.
    public var isRetryable: Bool {
        switch self {
        case .unavailable, .unanswered, .limitReached, .sessionInvalid, .noToken: true
        case .rejected, .notFound, .grantRefused, .unreadable: false
        }
    }
}

extension SalesforceFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let doing, let reason): "Salesforce was not available while \(doing): \(reason)."
        case .unanswered(let doing, let reason): "Salesforce did not answer while \(doing): \(reason)."
        case .limitReached(let doing, let message): "A limit of Salesforce was reached while \(doing): \(message)."
        case .rejected(let doing, let code, let message):
            "Salesforce refused while \(doing): " + words(code, message, hint(code, message).map { "– \($0)" } ?? "")
        case .notFound(let doing, let message): "Salesforce has no such record while \(doing): \(message)."
        case .sessionInvalid: "Salesforce does not accept the token, nor the one that replaced it."
        case .noToken(let why): "There is no Salesforce token: \(why)."
        case .grantRefused(let error, let message, let hint):
            "Salesforce gives no token: " + words(error, message, "– \(hint)")
        case .unreadable(let doing): "The answer of Salesforce cannot be read while \(doing)."
        }
    }
}

/// What an administrator can do about a refusal.
private func hint(_ code: String, _ message: String) -> String? {
    switch code {
    case _ where message.lowercased().contains("activated"), "INSUFFICIENT_ACCESS_OR_READONLY":
        "An activated order can be edited only with the permission \"Edit Activated Orders\"; check also that the"
            + " integration user may edit the fields."
    case "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "The integration user may not see a record this one names."
    case "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE":
        "The field does not exist, or the integration user may not see it; check the SF_FIELD_ settings."
    case "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Add the value to the picklist, or check the SF_STATUS_ settings."
    case "JSON_PARSER_ERROR": "A field has another type than its value."
    case "STRING_TOO_LONG": "The field is shorter than 255 characters."
    case "UNSUPPORTED_API_VERSION": "Set SF_API_VERSION to a version this org has."
    case "API_DISABLED_FOR_ORG": "The org's edition or the user's profile has no API access."
    case "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": "Make the integration user's password one that never expires."
    default: nil
    }
}

private func words(_ words: String...) -> String { words.filter { !$0.isEmpty }.joined(separator: " ") }

/// The vendor's words, no longer than a Salesforce text field holds.
func cut(_ message: String) -> String { FieldValue.cut(message) }
