import Basics
import HTTP
import JSON

/// One error in Salesforce's answer, in any of its forms.
struct SalesforceError: Equatable {
    var code: String
    var message: String
    /// A locked row also comes inside another error's message: `CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY … first error:
    /// UNABLE_TO_LOCK_ROW` (dlrs, issue 1241).
    private let isRowLocked: Bool

    init(code: String, message: String) {
        self.code = code
        isRowLocked = message.contains("UNABLE_TO_LOCK_ROW")
        self.message = message.excerpt
    }

    /// The errors of an answer: `[{"errorCode","message"}]` of a refused call, `{"error","error_description"}` of OAuth,
    /// and those of a collection, behind HTTP 200. None for HTML or an empty body.
    static func all(in response: Response) -> [SalesforceError] {
        // Of the successful answers only a collection's is an array, and only that one can hold errors.
        guard response.status >= 300 || response.body.first == UInt8(ascii: "["), let answer = JSON(response.body)
        else { return [] }
        let errors = (answer.array ?? [answer]).flatMap { $0["errors"]?.array ?? [$0] }
        let all = errors.compactMap(SalesforceError.init)
        // With allOrNone the records without an error of their own report only that they were rolled back.
        let causes = all.filter { $0.code != "ALL_OR_NONE_OPERATION_ROLLED_BACK" }
        return causes.isEmpty ? all : causes
    }

    private init?(_ error: JSON) {
        guard let code = (error["errorCode"] ?? error["statusCode"] ?? error["error"])?.stringOrNumber else {
            return nil
        }
        self.init(code: code, message: (error["message"] ?? error["error_description"])?.stringOrNumber ?? "")
    }

    var isInvalidSession: Bool {
        code == "INVALID_SESSION_ID" && !SalesforceError.beyondRenewal.contains(where: message.contains)
    }

    /// Rejections that a new token does not change; jsforce has looped on them.
    private static let beyondRenewal = ["not valid for use with the REST API", "app is not attached to Agent"]

    /// The daily limit and that of concurrent long calls have one code; only the text tells them apart.
    private var isDailyLimit: Bool {
        code == "REQUEST_LIMIT_EXCEEDED" && !message.lowercased().contains("concurrent")
    }

    /// Whether to retry within seconds.
    var isRetryable: Bool { SalesforceError.retryable.contains(code) && !isDailyLimit || isRowLocked }

    private static let retryable: Set = [
        "UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG",
        "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION", "TOO_MANY_APEX_REQUESTS",
    ]

    /// To be retried by a later run only.
    private static let retryableLater: Set = [
        "API_CURRENTLY_DISABLED", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "ENTITY_IS_LOCKED",
    ]

    private static let gone: Set = [
        "NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID",
    ]

    func failure(_ doing: String, status: Int) -> SalesforceFailure {
        switch code {
        case _ where isInvalidSession: .sessionInvalid
        case _ where isDailyLimit: .limitReached(doing: doing, message: message)
        case _ where isRetryable || SalesforceError.retryableLater.contains(code):
            .unavailable(doing: doing, reason: "\(code) \(message)")
        case _ where SalesforceError.gone.contains(code): .notFound(doing: doing, message: "\(code) \(message)")
        case _ where isOverloaded(status): .unavailable(doing: doing, reason: "HTTP \(status) \(code) \(message)")
        // A retired API version is HTTP 410 with any code.
        case _ where status == 410: .rejected(doing: doing, code: "UNSUPPORTED_API_VERSION", message: message)
        default: .rejected(doing: doing, code: code, message: message)
        }
    }
}

/// Scratch orgs answer 420 when busy.
func isOverloaded(_ status: Int) -> Bool { status == 420 || status == 429 || status >= 500 }
