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

    /// Asks with as many answers as the HTTP client will take of one kind.
    private func ask(_ answer: Result<Response, HTTPFailure>, times: Int) throws -> SalesforceFailure {
        let wire = Wire(Array(repeating: answer, count: times))
        let error = try #require(failure { _ = try wire.salesforce.query("SELECT", doing: "looking") })
        #expect(wire.requests.count == times)
        return error
    }

    /// Worth three more tries within the second, and another run after that.
    @Test(arguments: [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", 400),
        ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", 403),
        ("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", 403),
        ("SERVER_UNAVAILABLE", "busy", 503), ("REQUEST_RUNNING_TOO_LONG", "too long", 400),
        ("QUERY_TIMEOUT", "too long", 400), ("UNKNOWN_EXCEPTION", "ErrorId: 1", 500),
        ("TOO_MANY_APEX_REQUESTS", "too many", 400), ("SOMETHING_NEW", "busy", 503),
        ("SOMETHING_NEW", "busy", 420), ("SOMETHING_NEW", "busy", 429),
    ])
    func aBriefTroubleIsTriedAgain(_ code: String, _ message: String, _ status: Int) throws {
        let error = try ask(.error(code, message, status: status), times: 4)
        #expect(kind(error) == .unavailable)
        #expect(error.isRetryable)
        #expect(error.description.contains(code) && error.description.contains("looking"))
    }

    @Test(arguments: [
        ("API_CURRENTLY_DISABLED", 403), ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", 400),
        ("ENTITY_IS_LOCKED", 400),
    ])
    func aSlowTroublePassesLater(_ code: String, _ status: Int) throws {
        #expect(kind(try ask(.error(code, status: status), times: 1)) == .unavailable)
    }

    @Test func theDailyLimitIsNotTriedAgain() throws {
        let error = try ask(.error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded", status: 403), times: 1)
        #expect(error == .limitReached(doing: "looking", message: "TotalRequests Limit exceeded"))
        #expect(error.isRetryable)
    }

    @Test(arguments: [
        ("NOT_FOUND", 404), ("ENTITY_IS_DELETED", 404), ("INVALID_CROSS_REFERENCE_KEY", 400), ("MALFORMED_ID", 400),
    ])
    func aRecordMayBeGone(_ code: String, _ status: Int) throws {
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
        arguments: [
            .error("UNSUPPORTED_API_VERSION", "gone", status: 410), .error("GONE", "gone", status: 410),
            .answer("<html>", status: 410),
        ] as [Result<Response, HTTPFailure>])
    func aRetiredVersionIsNamed(_ answer: Result<Response, HTTPFailure>) throws {
        let error = try ask(answer, times: 1)
        guard case .rejected("looking", "UNSUPPORTED_API_VERSION", _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    /// Bodies that are none of the documented ones.
    @Test(arguments: [
        ("<html>hush</html>", 503, 4), ("<html>hush</html>", 404, 1), ("", 500, 4), ("", 400, 1), ("[]", 400, 1),
        ("{}", 400, 1), ("hush", 200, 1), ("", 200, 1), ("null", 403, 1),
    ])
    func aBodyThatSaysNothingPassesLater(_ body: String, _ status: Int, _ times: Int) throws {
        let error = try ask(.answer(body, status: status), times: times)
        #expect(error == .unavailable(doing: "looking", reason: "HTTP \(status) without JSON"))
    }

    @Test func anObjectIsReadAsWellAsAnArray() throws {
        let body = #"{"error":"invalid_scope","error_description":"words"}"#
        #expect(
            try ask(.answer(body, status: 403), times: 1)
                == .rejected(doing: "looking", code: "invalid_scope", message: "words"))
    }

    @Test(arguments: [414, 431])
    func aQueryMayBeTooLong(_ status: Int) throws {
        #expect(kind(try ask(.answer("", status: status), times: 1)) == .rejected)
    }

    @Test func aBrokenConnectionPassesLater() throws {
        #expect(
            try ask(.broken(.timedOut), times: 1)
                == .unavailable(doing: "looking", reason: "acme.my.salesforce.com hung up"))
    }

    @Test func aLongMessageIsCut() throws {
        let long = String(repeating: "x", count: 300)
        let error = try ask(.error("STRING_TOO_LONG", long, status: 400), times: 1)
        #expect(error == .rejected(doing: "looking", code: "STRING_TOO_LONG", message: String(long.prefix(255))))
    }
}
