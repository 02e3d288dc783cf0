import Basics

/// Why WHMCS did not do what was asked.
public enum WHMCSFailure: Error, Sendable, Equatable {
    /// No answer came.
    case notReachable(action: String, reason: String, mayHaveHappened: Bool)
    /// A page of a firewall, of maintenance, of a PHP crash; or an answer cut short.
    case notJSON(action: String, status: Int, mayHaveHappened: Bool)
    /// JSON, but not what the action answers.
    case unreadable(action: String, String, mayHaveHappened: Bool)
    /// The pages of a list do not add up to the total, so nothing may be concluded from what is not in it.
    case incompleteList(action: String)
    /// Rows nobody asked for: WHMCS silently ignores a filter it does not know.
    case foreignRows(action: String)
    case noCredentials(String)
    case authentication(message: String)
    case addressNotAllowed(String)
    case permission(action: String)
    case clientNotFound
    case clientClosed
    case paymentMethod(valid: [String])
    /// An order that is missing and one that is no longer pending get the same words.
    case notPendingOrMissing
    case emptyCart
    case expectsArray(parameter: String)
    case other(action: String, message: String, status: Int)
}

extension WHMCSFailure {
    /// From `result: error`. By the message first: the vendor documents the messages, and not all of the statuses.
    init(action: String, message: String, status: Int, kind: WHMCSClient.Kind) {
        let words = message.lowercased()
        self =
            switch words {
            // Said when the answer cannot be written, after the action was done.
            case _ where words.contains("malformed utf-8") || words.hasPrefix("error generating json"):
                .unreadable(action: action, "WHMCS could not encode it", mayHaveHappened: kind == .write)
            case _ where words.hasPrefix("invalid ip"):
                .addressNotAllowed(message.dropFirst("invalid ip".count).drop { ": ".contains($0) }.excerpt)
            case _ where words.hasPrefix("invalid permissions"):
                .permission(action: action)
            case _ where WHMCSFailure.authenticationWords.contains { words.hasPrefix($0) }:
                .authentication(message: message.excerpt)
            case "client id not found", "client not found":
                .clientNotFound
            case _ where words.contains("client status is closed"):
                .clientClosed
            case _ where words.hasPrefix("invalid payment method"):
                .paymentMethod(valid: WHMCSFailure.options(in: message))
            case _ where words.hasPrefix("order id not found or status not pending"):
                .notPendingOrMissing
            case _ where words.hasPrefix("no items added to cart"):
                .emptyCart
            case _ where words.hasPrefix("expecting parameter"):
                .expectsArray(parameter: WHMCSFailure.quoted(in: message).excerpt)
            default:
                .other(action: action, message: message.excerpt, status: status)
            }
    }

    private static let authenticationWords = [
        "authentication failed", "invalid or missing credentials", "invalid password provided",
        "administrator account disabled", "access denied",
    ]

    /// `Invalid Payment Method. Valid options include a, b`: what follows `include`.
    private static func options(in message: String) -> [String] {
        guard let list = message.split(separator: " include ", maxSplits: 1).dropFirst().first else { return [] }
        return list.excerpt.filter { !" .'\"".contains($0) }.split(separator: ",").map(String.init)
    }

    /// `Expecting parameter 'pid' to be an array`: what stands between the quotes.
    private static func quoted(in message: String) -> String {
        String(message.split(separator: "'", omittingEmptySubsequences: false).dropFirst().first ?? "")
    }
}

extension WHMCSFailure {
    /// Whether the same call may succeed later without anybody mending anything.
    public var isRetryable: Bool {
        switch self {
        case .notReachable, .notJSON, .unreadable, .incompleteList: true
        case .other(_, _, let status): status == 429 || status >= 500
        default: false
        }
    }

    /// Of a write: whether WHMCS may have done it. Then nobody may send it again before having looked.
    public var outcomeUnknown: Bool {
        switch self {
        case .notReachable(_, _, let mayHaveHappened), .notJSON(_, _, let mayHaveHappened),
            .unreadable(_, _, let mayHaveHappened):
            mayHaveHappened
        default: false
        }
    }
}

extension WHMCSFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notReachable(let action, let reason, _): "WHMCS did not answer \(action): \(reason)."
        case .notJSON(let action, let status, _): "WHMCS answered \(action) with HTTP \(status) and no JSON."
        case .unreadable(let action, let what, _): "The answer of WHMCS to \(action) cannot be read: \(what)."
        case .incompleteList(let action): "WHMCS did not give the whole list of \(action)."
        case .foreignRows(let action): "WHMCS answered \(action) with rows that were not asked for."
        case .noCredentials(let what): "There are no WHMCS credentials: \(what)."
        case .authentication(let message): "WHMCS does not accept the API credentials: \(message)."
        case .addressNotAllowed(let address):
            "WHMCS does not allow the address \(address): add it to the API's list of addresses, or use an access key."
        case .permission(let action): "The WHMCS API role does not allow \(action)."
        case .clientNotFound: "WHMCS does not know the client."
        case .clientClosed: "The WHMCS client is closed."
        case .paymentMethod(let valid):
            "WHMCS does not know the payment method; it knows \(valid.joined(separator: ", "))."
        case .notPendingOrMissing: "WHMCS has no such order, or it is not pending."
        case .emptyCart: "WHMCS took none of the order's lines."
        case .expectsArray(let parameter): "WHMCS expects an array for \(parameter)."
        case .other(let action, let message, _): "WHMCS refused \(action): \(message)"
        }
    }
}
