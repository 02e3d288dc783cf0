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
    case grantRefused(error: String, message: String)
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

/// The parts that say something.
private func words(_ words: String...) -> String { words.filter { !$0.isEmpty }.joined(separator: " ") }
