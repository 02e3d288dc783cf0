import TestSupport
import HTTP
import JSON
import Testing

@testable import Salesforce

@Suite struct FailureTests {
    private enum Kind { case unavailable, limit, rejected, gone }

    private func kind(_ failure: SalesforceFailure?) -> Kind? {
        switch failure {
        case .unavailable: .unavailable
        case .limitReached: .limit
        case .rejected: .rejected
        case .notFound: .gone
        default: nil
        }
    }

    /// Sends a query, which the HTTP client attempts this many times.
    private func ask(_ answer: Result<Response, HTTPFailure>, times: Int) throws -> SalesforceFailure {
        let http = FakeHTTPClient(Array(repeating: answer, count: times))
        let error = try #require(failure { _ = try http.salesforce.query("SELECT", doing: "looking") })
        #expect(http.requests.count == times)
        return error
    }

    /// Each row: the failure, its sentence, and whether the same call may succeed later.
    @Test(
        "A failure is one sentence, which names what was done",
        arguments: [
            (
                .unavailable(doing: "looking", reason: "HTTP 503"),
                "Salesforce was not available while looking: HTTP 503.", true
            ),
            (.unanswered(doing: "looking", reason: "lost"), "Salesforce did not answer while looking: lost.", true),
            (
                .limitReached(doing: "looking", message: "too many"),
                "A limit of Salesforce was reached while looking: too many.", true
            ),
            (
                .rejected(doing: "looking", code: "CODE", message: ""), "Salesforce refused while looking: CODE", false
            ),
            (
                .notFound(doing: "looking", message: "gone"), "Salesforce has no such record while looking: gone.",
                false
            ),
            (.sessionInvalid, "Salesforce does not accept the token, nor the one that replaced it.", true),
            (.noToken("nobody wrote it"), "There is no Salesforce token: nobody wrote it.", true),
            (
                .grantRefused(error: "invalid_grant", message: "no user"),
                "Salesforce gives no token: invalid_grant no user", false
            ),
            (.unreadable(doing: "looking"), "The answer of Salesforce cannot be read while looking.", false),
        ] as [(SalesforceFailure, String, Bool)])
    func sentence(_ failure: SalesforceFailure, _ text: String, _ isRetryable: Bool) {
        #expect(failure.description == text)
        #expect(failure.isRetryable == isRetryable)
    }

    /// The HTTP client retries it three times; then it is retryable by a later run.
    @Test(
        "A retryable error is retried within seconds",
        arguments: [
            ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", 400),
            ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: first error: UNABLE_TO_LOCK_ROW", 400),
            ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", 403),
            ("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", 403),
            ("SERVER_UNAVAILABLE", "busy", 503), ("REQUEST_RUNNING_TOO_LONG", "too long", 400),
            ("QUERY_TIMEOUT", "too long", 400), ("UNKNOWN_EXCEPTION", "ErrorId: 1", 500),
            ("TOO_MANY_APEX_REQUESTS", "too many", 400), ("SOMETHING_NEW", "busy", 503),
            ("SOMETHING_NEW", "busy", 420), ("SOMETHING_NEW", "busy", 429),
        ])
    func retried(_ code: String, _ message: String, _ status: Int) throws {
        let error = try ask(.error(code, message, status: status), times: 4)
        #expect(kind(error) == .unavailable)
        #expect(error.isRetryable)
        #expect(error.description.contains(code) && error.description.contains("looking"))
    }

    @Test(
        "A lasting outage is retryable later",
        arguments: [
            ("API_CURRENTLY_DISABLED", 403), ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", 400),
            ("ENTITY_IS_LOCKED", 400),
        ])
    func retryableLater(_ code: String, _ status: Int) throws {
        #expect(kind(try ask(.error(code, status: status), times: 1)) == .unavailable)
    }

    @Test("The daily limit is not retried within seconds") func dailyLimit() throws {
        let error = try ask(.error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded", status: 403), times: 1)
        #expect(error == .limitReached(doing: "looking", message: "TotalRequests Limit exceeded"))
        #expect(error.isRetryable)
    }

    @Test(
        "A record may not exist",
        arguments: [
            ("NOT_FOUND", 404), ("ENTITY_IS_DELETED", 404), ("INVALID_CROSS_REFERENCE_KEY", 400), ("MALFORMED_ID", 400),
        ])
    func notFound(_ code: String, _ status: Int) throws {
        let error = try ask(.error(code, status: status), times: 1)
        #expect(error == .notFound(doing: "looking", message: "\(code) words"))
        #expect(!error.isRetryable)
    }

    @Test(
        "A refusal has its code and message",
        arguments: [
            ("INSUFFICIENT_ACCESS_OR_READONLY", 403), ("INVALID_FIELD", 400),
            ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", 400), ("JSON_PARSER_ERROR", 400), ("STRING_TOO_LONG", 400),
            ("API_DISABLED_FOR_ORG", 403), ("MALFORMED_QUERY", 400), ("REQUIRED_FIELD_MISSING", 400),
            ("FIELD_CUSTOM_VALIDATION_EXCEPTION", 400), ("DUPLICATES_DETECTED", 400),
            ("CANNOT_EXECUTE_FLOW_TRIGGER", 400), ("SOMETHING_NEW", 400),
        ])
    func rejected(_ code: String, _ status: Int) throws {
        let error = try ask(.error(code, status: status), times: 1)
        #expect(error == .rejected(doing: "looking", code: code, message: "words"))
        #expect(!error.isRetryable)
        #expect(error.description == "Salesforce refused while looking: \(code) words")
    }

    @Test(
        "A retired API version has one code",
        arguments: [
            .error("UNSUPPORTED_API_VERSION", "gone", status: 410), .error("GONE", "gone", status: 410),
            .answer(410, "<html>"),
        ] as [Result<Response, HTTPFailure>])
    func retiredVersion(_ answer: Result<Response, HTTPFailure>) throws {
        let error = try ask(answer, times: 1)
        guard case .rejected("looking", "UNSUPPORTED_API_VERSION", _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(
        "An undocumented body is retryable",
        arguments: [
            ("<html>hush</html>", 503, 4), ("<html>hush</html>", 404, 1), ("", 500, 4), ("", 400, 1), ("[]", 400, 1),
            ("{}", 400, 1), ("hush", 200, 1), ("", 200, 1), ("null", 403, 1),
        ])
    func otherBodies(_ body: String, _ status: Int, _ times: Int) throws {
        let error = try ask(.answer(status, body), times: times)
        #expect(error == .unavailable(doing: "looking", reason: "HTTP \(status) without JSON"))
    }

    @Test(
        "Every order would fail alike when Salesforce is out, is read-only, or refuses the suite itself",
        arguments: [
            ("SERVER_UNAVAILABLE", 503, 4, true, false, false), ("UNABLE_TO_LOCK_ROW", 400, 4, false, false, false),
            ("ENTITY_IS_LOCKED", 400, 1, false, false, false), ("INVALID_FIELD", 400, 1, false, false, false),
            ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", 400, 1, true, true, false),
            ("API_DISABLED_FOR_ORG", 403, 1, true, false, true),
            ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", 403, 1, true, false, true),
            ("GONE", 410, 1, true, false, true), ("API_CURRENTLY_DISABLED", 403, 1, true, false, true),
        ])
    func outage(
        _ code: String, _ status: Int, _ times: Int, _ isOutage: Bool, _ isReadOnly: Bool, _ isRefusal: Bool
    ) throws {
        let error = try ask(.error(code, status: status), times: times)
        #expect((error.isOutage, error.isReadOnly, error.isRefusalOfCaller) == (isOutage, isReadOnly, isRefusal))
    }

    @Test("A session that no token renews is a refusal of the suite") func session() throws {
        let message = "This session is not valid for use with the REST API"
        #expect(try ask(.error("INVALID_SESSION_ID", message, status: 401), times: 1).isRefusalOfCaller)
        #expect(!SalesforceFailure.sessionInvalid.isRefusalOfCaller && SalesforceFailure.sessionInvalid.isOutage)
    }

    @Test("An error may be an object") func object() throws {
        let body = #"{"error":"invalid_scope","error_description":"words"}"#
        #expect(
            try ask(.answer(403, body), times: 1)
                == .rejected(doing: "looking", code: "invalid_scope", message: "words"))
    }

    @Test("A query may be too long", arguments: [414, 431])
    func longQuery(_ status: Int) throws {
        #expect(kind(try ask(.answer(status, ""), times: 1)) == .rejected)
    }

    @Test("A timeout is retryable") func timedOut() throws {
        #expect(
            try ask(.failed(.timedOut, received: true), times: 1)
                == .unavailable(doing: "looking", reason: "scripted"))
    }

    @Test("A long message is cut") func longMessage() throws {
        let long = String(repeating: "x", count: 300)
        let error = try ask(.error("STRING_TOO_LONG", long, status: 400), times: 1)
        #expect(error == .rejected(doing: "looking", code: "STRING_TOO_LONG", message: String(long.prefix(255))))
    }
}
