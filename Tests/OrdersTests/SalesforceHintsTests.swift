import Testing

@testable import Orders
@testable import Salesforce

@Suite struct SalesforceHintsTests {
    /// The last value is a part of the hint; nil for no hint.
    @Test(
        "A refused call has a hint",
        arguments: [
            ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights", "Edit Activated Orders"),
            ("FIELD_INTEGRITY_EXCEPTION", "an activated order cannot be edited", "Edit Activated Orders"),
            ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "words", "integration user"),
            ("INVALID_FIELD", "No such column 'X__c' on entity 'Order'", "SF_FIELD_"),
            ("INVALID_FIELD_FOR_INSERT_UPDATE", "words", "SF_FIELD_"), ("INVALID_TYPE", "words", "SF_FIELD_"),
            ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", "SF_STATUS_"),
            ("JSON_PARSER_ERROR", "Cannot deserialize", "type"), ("STRING_TOO_LONG", "words", "255"),
            ("UNSUPPORTED_API_VERSION", "", "SF_API_VERSION"), ("API_DISABLED_FOR_ORG", "words", "API access"),
            ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "words", "never expires"), ("MALFORMED_QUERY", "words", nil),
            ("REQUIRED_FIELD_MISSING", "words", nil), ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say please", nil),
            ("DUPLICATES_DETECTED", "words", nil), ("CANNOT_EXECUTE_FLOW_TRIGGER", "words", nil),
            ("SOMETHING_NEW", "words", nil),
        ] as [(String, String, String?)])
    func refusedCall(_ code: String, _ message: String, _ word: String?) throws {
        try check(.rejected(doing: "looking", code: code, message: message), word)
    }

    @Test(
        "A refused grant has a hint",
        arguments: [
            ("invalid_grant", "user hasn't approved this consumer", "Pre-authorize"),
            ("invalid_app_access", "user is not admin approved to access this app", "Pre-authorize"),
            ("invalid_grant", "Audience validation failed", "SF_AUDIENCE"),
            ("invalid_grant", "audience is invalid", "SF_AUDIENCE"),
            ("invalid_grant", "expired authorization code", "clock"),
            ("invalid_grant", "invalid assertion", "private key"),
            ("invalid_grant", "Failed: Couldn't validate jwt signature", "private key"),
            ("invalid_grant", "ip restricted", "login ranges"),
            ("invalid_grant", "authentication failure", "frozen"), ("invalid_grant", "", "frozen"),
            ("invalid_client_id", "client identifier invalid", "consumer key"),
            ("invalid_client", "invalid client credentials", "consumer key"),
            ("app_not_found", "External client app is not installed in this org", "My Domain"),
            ("inactive_user", "user is inactive", "Activate"), ("inactive_org", "", "suspended"),
            ("unsupported_grant_type", "grant type not supported", "flow"),
            ("invalid_request", "something new", "login history"), ("", "", "login history"),
            ("HTTP 404", "", "login URL"),
        ])
    func refusedGrant(_ code: String, _ message: String, _ word: String) throws {
        try check(.grantRefused(error: code, message: message), word)
    }

    @Test(
        "Any other failure has no hint",
        arguments: [.sessionInvalid, .noToken("why"), .unavailable(doing: "looking", reason: "activated")]
            as [SalesforceFailure])
    func noHint(_ failure: SalesforceFailure) throws {
        try check(failure, nil)
    }

    private func check(_ failure: SalesforceFailure, _ word: String?) throws {
        guard let word else { return #expect(failure.descriptionWithHint == failure.description) }
        let hint = try #require(failure.hint)
        #expect(hint.contains(word))
        #expect(failure.descriptionWithHint == "\(failure.description) – \(hint)")
    }
}
