import Basics

/// Why a call to WHMCS failed.
public enum WHMCSFailure: Error, Sendable, Equatable {
    /// No answer came.
    case notReachable(action: String, reason: String, mayHaveHappened: Bool)
    /// A page of a firewall, of maintenance or of a PHP crash, or an incomplete answer.
    case notJSON(action: String, status: Int, mayHaveHappened: Bool)
    /// PHP failed, whatever its message says: a write may be carried out.
    case serverError(action: String, message: String, status: Int, mayHaveHappened: Bool)
    /// JSON, but not the action's answer.
    case unreadable(action: String, String, mayHaveHappened: Bool)
    /// The pages of a list do not add up to its total, so a missing row proves nothing.
    case incompleteList(action: String)
    /// Rows outside the filter: WHMCS silently ignores a filter that it does not know.
    case foreignRows(action: String)
    case noCredentials(String)
    case authentication(message: String, status: Int)
    case addressNotAllowed(String)
    case permission(action: String)
    case clientNotFound
    case clientClosed
    case paymentMethod(valid: [String])
    /// WHMCS has the same message for a missing order and for one that is not pending.
    case notPendingOrMissing
    case emptyCart
    case expectsArray(parameter: String)
    case other(action: String, message: String, status: Int)
}

extension WHMCSFailure {
    /// Reads `result: error`. The message decides: the vendor documents the messages, but not all statuses.
    init(action: String, message: String, status: Int, kind: WHMCSClient.Kind) {
        let words = message.lowercased()
        self =
            switch words {
            case _ where status >= 500:
                .serverError(
                    action: action, message: message.excerpt, status: status, mayHaveHappened: kind == .write)
            // WHMCS has carried out the action and cannot write the answer.
            case _ where words.contains("malformed utf-8") || words.hasPrefix("error generating json"):
                .unreadable(action: action, "WHMCS could not encode it", mayHaveHappened: kind == .write)
            case _ where words.hasPrefix("invalid ip"):
                .addressNotAllowed(message.dropFirst("invalid ip".count).drop { ": ".contains($0) }.excerpt)
            case _ where words.hasPrefix("invalid permissions"):
                .permission(action: action)
            case _ where WHMCSFailure.authenticationWords.contains { words.hasPrefix($0) }:
                .authentication(message: message.excerpt, status: status)
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

    /// `Invalid Payment Method. Valid options include a, b`: the names after `include`.
    private static func options(in message: String) -> [String] {
        guard let list = message.split(separator: " include ", maxSplits: 1).dropFirst().first else { return [] }
        return list.excerpt.filter { !" .'\"".contains($0) }.split(separator: ",").map(String.init)
    }

    /// `Expecting parameter 'pid' to be an array`: the name between the quotes.
    private static func quoted(in message: String) -> String {
        String(message.split(separator: "'", omittingEmptySubsequences: false).dropFirst().first ?? "")
    }
}

extension WHMCSFailure {
    /// Whether the same call may succeed later, with nothing fixed in the order. Without credentials nothing was sent.
    public var isRetryable: Bool {
        switch self {
        case .notReachable, .notJSON, .serverError, .unreadable, .incompleteList, .noCredentials: true
        case .other(_, _, let status): status == 429
        default: false
        }
    }

    /// Whether WHMCS refused the caller or would do so, whatever the action: only a person can change that. At HTTP 200 the
    /// words of such a refusal may be those of a module.
    public var isRefusalOfCaller: Bool {
        switch self {
        case .authentication(_, let status): status >= 400
        case .addressNotAllowed, .permission, .noCredentials: true
        default: false
        }
    }

    /// Whether every order would fail like this: WHMCS does not answer, or refuses the suite itself, or nobody can call it.
    /// A right that is missing concerns one action.
    public var isOutage: Bool {
        switch self {
        // JSON without a result comes from a gateway or a firewall.
        case .notReachable, .notJSON, .serverError, .unreadable: true
        case .other(_, _, let status): status == 429
        case .authentication, .addressNotAllowed, .noCredentials: isRefusalOfCaller
        default: false
        }
    }

    /// Whether WHMCS may have carried out the write. If so, check WHMCS before sending it again.
    public var outcomeUnknown: Bool {
        switch self {
        case .notReachable(_, _, let mayHaveHappened), .notJSON(_, _, let mayHaveHappened),
            .serverError(_, _, _, let mayHaveHappened), .unreadable(_, _, let mayHaveHappened):
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
        case .serverError(let action, let message, let status, _):
            "WHMCS answered \(action) with HTTP \(status): \(message)"
        case .unreadable(let action, let what, _): "The answer of WHMCS to \(action) cannot be read: \(what)."
        case .incompleteList(let action): "WHMCS did not return the whole list of \(action)."
        case .foreignRows(let action): "WHMCS answered \(action) with rows that were not requested."
        case .noCredentials(let what): "There are no WHMCS credentials: \(what)."
        case .authentication(let message, _): "WHMCS does not accept the API credentials: \(message)."
        case .addressNotAllowed(let address):
            "WHMCS does not allow the address \(address): add it to the API's list of addresses, or use an access key."
        case .permission(let action): "The WHMCS API role does not allow \(action)."
        case .clientNotFound: "WHMCS does not know the client."
        case .clientClosed: "The WHMCS client is closed."
        case .paymentMethod(let valid):
            "WHMCS does not know the payment method; it knows \(valid.joined(separator: ", "))."
        case .notPendingOrMissing: "WHMCS has no such order, or it is not pending."
        case .emptyCart: "WHMCS accepted none of the order's lines."
        case .expectsArray(let parameter): "WHMCS expects an array for \(parameter)."
        case .other(let action, let message, _): "WHMCS refused \(action): \(message)"
        }
    }
}
