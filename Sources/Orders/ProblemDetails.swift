import HTTP
import JSON

/// A refusal, as the caller gets it (RFC 9457, `application/problem+json`): what to mend, and nothing of the inside.
public struct ProblemDetails: Error, Sendable, Equatable {
    public var status: Int
    public var code: String
    public var detail: String
    /// Seconds after which another try may help.
    public var retryAfter: Int?

    public init(_ status: Int, _ code: String, _ detail: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
    }

    static func invalid(_ detail: String) -> ProblemDetails { ProblemDetails(400, "INVALID_REQUEST", detail) }

    static let unavailable = ProblemDetails(
        503, "SERVICE_UNAVAILABLE",
        "the request may not have been recorded; send it again, with the same Idempotency-Key and a new nonce",
        retryAfter: 5)

    var headers: [String: String] {
        var headers = ["Content-Type": "application/problem+json"]
        headers["Retry-After"] = retryAfter.map(String.init)
        return headers
    }

    func body(requestID: String) -> JSON {
        [
            "type": "about:blank", "title": .string(title), "status": .number(status), "code": .string(code),
            "detail": .string(detail), "requestId": .string(requestID),
        ]
    }

    private var title: String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 503: "Service Unavailable"
        default: "Error"
        }
    }
}
