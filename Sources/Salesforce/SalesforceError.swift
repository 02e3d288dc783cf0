import Basics
import HTTP
import JSON

/// One error as Salesforce tells it, wherever it tells it.
struct SalesforceError: Equatable {
    var code: String
    var message: String

    init(code: String, message: String) {
        self.code = code
        self.message = message.excerpt
    }

    /// The errors of an answer: `[{"errorCode","message"}]` of a refused call, `{"error","error_description"}` of the
    /// OAuth side, and those of a collection, which hide behind HTTP 200. None for HTML or an empty body.
    static func all(in response: Response) -> [SalesforceError] {
        // Of the good answers only a collection's is an array; the others are not worth reading here.
        guard response.status >= 300 || response.body.first == UInt8(ascii: "["), let answer = JSON(response.body)
        else { return [] }
        let errors = (answer.array ?? [answer]).flatMap { $0["errors"]?.array ?? [$0] }
        let problems = errors.compactMap(SalesforceError.init)
        // With allOrNone the innocent records of a collection say only that they were rolled back.
        let causes = problems.filter { $0.code != "ALL_OR_NONE_OPERATION_ROLLED_BACK" }
        return causes.isEmpty ? problems : causes
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

    /// Refusals of a session that no new token would better; jsforce has looped on them.
    private static let beyondRenewal = ["not valid for use with the REST API", "app is not attached to Agent"]

    /// The daily allowance and the number of long calls at once have one code; only the text tells them apart.
    private var isDailyLimit: Bool {
        code == "REQUEST_LIMIT_EXCEEDED" && !message.lowercased().contains("concurrent")
    }

    /// Worth another try within seconds.
    var isBrief: Bool { SalesforceError.brief.contains(code) && !isDailyLimit }

    private static let brief: Set = [
        "UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG",
        "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION", "TOO_MANY_APEX_REQUESTS",
    ]

    /// Passes too, but not while anybody waits.
    private static let slow: Set = [
        "API_CURRENTLY_DISABLED", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "ENTITY_IS_LOCKED",
    ]

    private static let gone: Set = [
        "NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID",
    ]

    func failure(_ doing: String, status: Int) -> SalesforceFailure {
        switch code {
        case _ where isInvalidSession: .sessionInvalid
        case _ where isDailyLimit: .limitReached(doing: doing, message: message)
        case _ where isBrief || SalesforceError.slow.contains(code):
            .unavailable(doing: doing, reason: "\(code) \(message)")
        case _ where SalesforceError.gone.contains(code): .notFound(doing: doing, message: "\(code) \(message)")
        case _ where isOverloaded(status): .unavailable(doing: doing, reason: "HTTP \(status) \(code) \(message)")
        // A retired version is HTTP 410 whatever the code.
        case _ where status == 410: .rejected(doing: doing, code: "UNSUPPORTED_API_VERSION", message: message)
        default: .rejected(doing: doing, code: code, message: message)
        }
    }
}

/// 420 is a scratch org's way to be busy.
func isOverloaded(_ status: Int) -> Bool { status == 420 || status == 429 || status >= 500 }
