/// Why a call to Salesforce failed.
///
/// `doing` is the call in words: "reading the order".
public enum SalesforceFailure: Error, Sendable, Equatable {
    /// No answer, a maintenance page, an overloaded server, a locked row.
    case unavailable(doing: String, reason: String)
    /// A write was sent, and the answer is missing or not Salesforce's own. Salesforce may still carry it out, over later
    /// writes.
    case unanswered(doing: String, reason: String)
    /// A limit is used up; it recovers within hours.
    case limitReached(doing: String, message: String)
    /// Salesforce refused the call.
    case rejected(doing: String, code: String, message: String)
    /// The record does not exist, or this user may not see it.
    case notFound(doing: String, message: String)
    /// Salesforce rejects the token and its replacement.
    case sessionInvalid
    case noToken(String)
    case grantRefused(error: String, message: String)
    /// JSON, but not the call's answer.
    case unreadable(doing: String)
}

extension SalesforceFailure {
    public var isUnanswered: Bool {
        if case .unanswered = self { true } else { false }
    }

    /// Whether the same call may succeed later, with nothing fixed.
    public var isRetryable: Bool {
        switch self {
        case .unavailable, .unanswered, .limitReached, .sessionInvalid, .noToken: true
        case .rejected, .notFound, .grantRefused, .unreadable: false
        }
    }

    /// Whether Salesforce refused the caller, whatever the call.
    public var isRefusalOfCaller: Bool {
        switch self {
        case .rejected(_, let code, _): SalesforceFailure.refusalsOfCaller.contains(code)
        case .unavailable(_, let reason): reason.hasPrefix("API_CURRENTLY_DISABLED")
        case .grantRefused: true
        default: false
        }
    }

    /// An invalid session that is rejected is one that no token renews.
    private static let refusalsOfCaller: Set = [
        "API_DISABLED_FOR_ORG", "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "INVALID_SESSION_ID",
        "UNSUPPORTED_API_VERSION",
    ]

    /// Whether every order would fail like this: Salesforce does not answer, or lets the suite do nothing. A locked record
    /// concerns one order.
    public var isOutage: Bool {
        switch self {
        case .unavailable(_, let reason): !SalesforceFailure.recordLocks.contains(where: reason.contains)
        case .unanswered, .limitReached, .sessionInvalid, .noToken: true
        case .rejected, .grantRefused, .notFound, .unreadable: isRefusalOfCaller
        }
    }

    /// Whether Salesforce takes no writes, from anybody. It may answer reads meanwhile.
    public var isReadOnly: Bool {
        guard case .unavailable(_, let reason) = self else { return false }
        return reason.hasPrefix("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE")
    }

    private static let recordLocks = ["UNABLE_TO_LOCK_ROW", "ENTITY_IS_LOCKED"]
}

extension SalesforceFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let doing, let reason): "Salesforce was not available while \(doing): \(reason)."
        case .unanswered(let doing, let reason): "Salesforce did not answer while \(doing): \(reason)."
        case .limitReached(let doing, let message): "A limit of Salesforce was reached while \(doing): \(message)."
        case .rejected(let doing, let code, let message):
            "Salesforce refused while \(doing): " + words(code, message)
        case .notFound(let doing, let message): "Salesforce has no such record while \(doing): \(message)."
        case .sessionInvalid: "Salesforce does not accept the token, nor the one that replaced it."
        case .noToken(let why): "There is no Salesforce token: \(why)."
        case .grantRefused(let error, let message):
            "Salesforce gives no token: " + (error.isEmpty && message.isEmpty ? "no reason" : words(error, message))
        case .unreadable(let doing): "The answer of Salesforce cannot be read while \(doing)."
        }
    }
}

/// Joins the texts that are not empty.
private func words(_ texts: String...) -> String { texts.filter { !$0.isEmpty }.joined(separator: " ") }
