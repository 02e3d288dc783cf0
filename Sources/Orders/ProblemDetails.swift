import JSON

/// A refusal as the caller gets it: what to fix, and nothing about the inside (RFC 9457, "Problem Details for HTTP APIs").
struct ProblemDetails: Error, Sendable, Equatable {
    var status: Int
    var code: String
    var detail: String
    var headers: [String: String]

    /// - Parameter retryAfter: in s.
    init(
        _ status: Int, _ code: String, _ detail: String, retryAfter: Int? = nil, headers: [String: String] = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        if let retryAfter { self.headers["Retry-After"] = String(retryAfter) }
    }

    static func invalid(_ detail: String) -> ProblemDetails { ProblemDetails(400, "INVALID_REQUEST", detail) }

    static let unavailable = ProblemDetails(
        503, "SERVICE_UNAVAILABLE",
        "the request may not have been recorded; send it again, with the same Idempotency-Key and a new nonce",
        retryAfter: 5)

    func answer(requestID: String) -> Answer {
        Answer(
            status: status, headers: headers,
            body: [
                "type": "about:blank", "title": .string(title), "status": .number(status), "code": .string(code),
                "detail": .string(detail), "requestId": .string(requestID),
            ])
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
