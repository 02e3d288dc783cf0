import JSON
import Lambda
import Testing

@testable import Orders

/// Answers to API Gateway, and refusals as problem details (RFC 9457).
@Suite struct HTTPReplyTests {
    private static func reply(
        headers: [String: String] = [:], requestID: String = "api-1",
        _ answer: (HTTPEvent, String) throws(ProblemDetails) -> Answer
    ) throws -> GatewayAnswer {
        let event: JSON = [
            "rawPath": "/health",
            "requestContext": [
                "requestId": .string(requestID), "http": ["method": "GET", "sourceIp": "192.0.2.1"],
            ],
        ]
        let invocation = Invocation(requestID: "invocation-1", deadline: 0, payload: event.bytes)
        return GatewayAnswer(try invocation.reply(headers: headers, answer))
    }

    @Test("An answer is JSON") func answer() throws {
        let answer = try Self.reply { _, _ throws(ProblemDetails) in Answer(status: 202, body: ["status": "Accepted"]) }
        #expect((answer.status, answer.text) == (202, #"{"status":"Accepted"}"#))
        #expect(answer.headers == ["Content-Type": "application/json"])
    }

    @Test("A refusal is problem details with the request id") func refusal() throws {
        let answer = try Self.reply { _, _ throws(ProblemDetails) in throw .invalid("nonce is missing") }
        #expect(answer.status == 400)
        #expect(answer.headers == ["Content-Type": "application/problem+json"])
        #expect(
            answer.body == [
                "type": "about:blank", "title": "Bad Request", "status": 400, "code": "INVALID_REQUEST",
                "detail": "nonce is missing", "requestId": "api-1",
            ])
    }

    @Test("Common headers join the answer's own, which win") func headers() throws {
        let common = ["Cache-Control": "no-store", "X-Common": "1"]
        let answer = try Self.reply(headers: common) { _, _ throws(ProblemDetails) in
            Answer(status: 200, headers: ["X-Own": "2", "X-Common": "3"], body: [:])
        }
        #expect(
            answer.headers == [
                "Content-Type": "application/json", "Cache-Control": "no-store", "X-Common": "3", "X-Own": "2",
            ])
        let refusal = try Self.reply(headers: common) { _, _ throws(ProblemDetails) in throw .unavailable }
        #expect(
            refusal.headers == [
                "Content-Type": "application/problem+json", "Cache-Control": "no-store", "X-Common": "1",
                "Retry-After": "5",
            ])
    }

    /// RFC 9110 requires Allow with a 405.
    @Test("A 405 names the allowed methods") func methodNotAllowed() throws {
        let answer = try Self.reply { _, _ throws(ProblemDetails) in
            throw ProblemDetails(405, "METHOD_NOT_ALLOWED", "only GET is allowed here", headers: ["Allow": "GET"])
        }
        #expect((answer.status, answer.headers["Allow"]) == (405, "GET"))
        #expect((answer.code, answer.body["title"]) == ("METHOD_NOT_ALLOWED", "Method Not Allowed"))
    }

    @Test(
        "The title is the status code's phrase",
        arguments: [
            (400, "Bad Request"), (401, "Unauthorized"), (403, "Forbidden"), (404, "Not Found"),
            (405, "Method Not Allowed"), (413, "Content Too Large"), (415, "Unsupported Media Type"),
            (422, "Unprocessable Content"), (503, "Service Unavailable"), (418, "Error"),
        ])
    func title(_ status: Int, _ title: String) {
        let body = ProblemDetails(status, "CODE", "detail").answer(requestID: "r").body
        #expect((body["title"], body["status"]) == (.string(title), .number(status)))
    }

    @Test("Without an API Gateway id the request has Lambda's", arguments: [("api-1", "api-1"), ("", "invocation-1")])
    func requestID(_ given: String, _ used: String) throws {
        let answer = try Self.reply(requestID: given) { _, requestID throws(ProblemDetails) in
            Answer(status: 200, body: .string(requestID))
        }
        #expect(answer.body == .string(used))
    }

    @Test("An event that is not a request is an error of the invocation") func malformedEvent() {
        let invocation = Invocation(requestID: "invocation-1", deadline: 0, payload: Array("{}".utf8))
        #expect(
            throws: FunctionError(
                "MalformedEvent", "the event is not an API Gateway request: requestContext is missing")
        ) {
            try invocation.reply { _, _ throws(ProblemDetails) in Answer(status: 200, body: [:]) }
        }
    }
}
