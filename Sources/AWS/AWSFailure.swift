import JSON

/// Why a call to AWS failed. The description names the service and the action.
public enum AWSFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// No answer; the service may have acted all the same.
    case unreachable(action: String, reason: String)
    /// AWS refused. `details` is the error's body, for the few errors whose members matter.
    case refused(action: String, code: String, message: String, details: JSON)
    /// The answer is not what the service's documentation promises.
    case unreadable(action: String)

    /// The error's code (`ConditionalCheckFailedException`), when AWS gave one.
    public var code: String? {
        guard case .refused(_, let code, _, _) = self else { return nil }
        return code
    }

    /// Another transaction had one of the items at work. Nothing was written.
    public var isTransactionConflict: Bool {
        guard case .refused(_, "TransactionCanceledException", _, let details) = self else { return false }
        return details["CancellationReasons"]?.array?.contains { $0["Code"] == "TransactionConflict" } == true
    }

    /// The service did not do its work, and will do it later with nothing fixed. A refusal of the caller is none.
    public var isOutage: Bool {
        switch self {
        case .unreachable, .unreadable: true
        case .refused(_, let code, _, _): isPassing(code)
        }
    }

    public var description: String {
        switch self {
        case .unreachable(let action, let reason): "\(action) had no answer: \(reason)"
        case .refused(let action, let code, let message, _): "\(action) was refused: \(code) \(message)"
        case .unreadable(let action): "\(action) had an answer that cannot be read"
        }
    }
}
