import HTTP
import JSON
import Salesforce
import Testing

@Suite struct GrantTests {
    private let grant = Grant.clientCredentials(clientId: "3MVG&1", secret: "hush")
    private let host = "https://acme.my.salesforce.com"

    private func request(_ wire: Wire, loginURL: String? = nil) throws -> Token {
        try grant.requestToken(loginURL: loginURL ?? host, http: wire.http)
    }

    private func refusal(_ answers: [Result<Response, HTTPFailure>]) throws -> SalesforceFailure {
        let wire = Wire(answers)
        return try #require(failure { _ = try request(wire) })
    }

    @Test func clientCredentialsGoIntoTheBody() throws {
        let wire = Wire(
            #"{"access_token":"00D!x","instance_url":"https://acme.my.salesforce.com","issued_at":"1795169729999"}"#)
        let token = try request(wire)
        #expect(token.accessToken == "00D!x")
        #expect(token.issuedAt == 1_795_169_729_999)
        let sent = try #require(wire.requests.first)
        #expect(sent.method == "POST")
        #expect(sent.url == "https://acme.my.salesforce.com/services/oauth2/token")
        #expect(sent.headers.contains(Header("Content-Type", "application/x-www-form-urlencoded")))
        #expect(sent.text == "grant_type=client_credentials&client_id=3MVG%261&client_secret=hush")
    }

    @Test func withoutATimeItIsIssuedNow() throws {
        let wire = Wire(#"{"access_token":"t","instance_url":"https://acme.my.salesforce.com","token_type":"Bearer"}"#)
        #expect(try request(wire).issuedAt == 1_795_169_730_000)
    }

    @Test func aTokenForAnUnsafeInstanceIsRefused() throws {
        let error = try refusal([.answer(#"{"access_token":"hush","instance_url":"http://evil.example"}"#)])
        #expect(error == .noToken("the instance URL of the answer is not https"))
    }

    @Test(arguments: ["http://acme.my.salesforce.com", "acme.my.salesforce.com", "https://a@b.example", ""])
    func nothingIsSentToAnUnsafeLoginURL(_ url: String) throws {
        let wire = Wire()
        let error = failure { _ = try request(wire, loginURL: url) }
        #expect(error == .noToken("the login URL is not https and a host"))
        #expect(wire.requests.isEmpty)
    }

    @Test(arguments: [
        #"{"error":"unknown_error","error_description":"retry your request"}"#, #"{"error":"unknown_error"}"#,
        #"{"error":"invalid_grant","error_description":"Retry your request"}"#,
    ])
    func aHiccupIsWaitedOut(_ hiccup: String) throws {
        let token = #"{"access_token":"t","instance_url":"https://acme.my.salesforce.com"}"#
        let wire = Wire([.answer(hiccup, status: 400), .answer(hiccup, status: 400), .answer(token)])
        #expect(try request(wire).accessToken == "t")
        #expect(wire.waits == [500, 1000])
    }

    @Test func aHiccupThatStaysPassesLater() throws {
        let hiccup = #"{"error":"unknown_error","error_description":"retry your request"}"#
        let wire = Wire(Array(repeating: .answer(hiccup, status: 400), count: 4))
        let error = try #require(failure { _ = try request(wire) })
        #expect(
            error == .unavailable(doing: "requesting a token", reason: "HTTP 400 unknown_error retry your request"))
        #expect(error.isRetryable)
        #expect(wire.waits == [500, 1000, 2000])
    }

    @Test func aHiccupIsNotWaitedOutBeyondTheDeadline() throws {
        let wire = Wire([.answer(#"{"error":"unknown_error"}"#, status: 400)])
        let http = wire.http.until(1_795_169_730_400)
        let error = try #require(failure { _ = try grant.requestToken(loginURL: host, http: http) })
        #expect(error.isRetryable)
        #expect(wire.waits == [])
    }

    @Test(
        "A refusal has its error and description",
        arguments: [
            (
                "invalid_grant", "user hasn't approved this consumer",
                " invalid_grant user hasn't approved this consumer"
            ),
            ("invalid_grant", "", " invalid_grant"), ("invalid_client_id", "words", " invalid_client_id words"),
            ("", "words", " words"), ("", "", " no reason"),
        ])
    func refused(_ code: String, _ message: String, _ words: String) throws {
        let body: JSON = ["error": .string(code), "error_description": .string(message)]
        let error = try refusal([.answer(String(decoding: body.bytes, as: UTF8.self), status: 400)])
        #expect(error == .grantRefused(error: code, message: message))
        #expect(error.description == "Salesforce gives no token:" + words)
        #expect(!error.isRetryable)
    }

    @Test("A refusal without a description is read") func noDescription() throws {
        let error = try refusal([.answer(#"{"error":"invalid_grant"}"#, status: 400)])
        #expect(error == .grantRefused(error: "invalid_grant", message: ""))
    }

    @Test(arguments: [
        #"{"error":"rate_limit_exceeded"}"#, #"{"error":"invalid_grant","error_description":"LOGIN_RATE_EXCEEDED"}"#,
    ])
    func tooManyLoginsPassInHours(_ body: String) throws {
        guard case .limitReached = try refusal([.answer(body, status: 400)]) else {
            Issue.record("not a limit")
            return
        }
    }

    /// Pages without JSON: maintenance passes, a host without that path is the wrong host.
    @Test(arguments: [
        (200, true), (400, true), (403, true), (429, true), (500, true), (503, true), (301, false), (302, false),
        (404, false), (405, false),
    ])
    func aPageWithoutJSONIsSurvived(_ status: Int, _ passing: Bool) throws {
        // Those of an overloaded server are repeated three times by the HTTP client.
        let page = Result.answer("<html>hush</html>", status: status)
        let error = try refusal(Array(repeating: page, count: Request.isRetryableStatus(try page.get()) ? 4 : 1))
        #expect(error.isRetryable == passing)
        #expect(error.description.contains("HTTP \(status)"))
        #expect(!error.description.contains("hush"))
        if !passing { #expect(error == .grantRefused(error: "HTTP \(status)", message: "")) }
    }

    @Test func aTokenServiceThatIsNotReachedPassesLater() throws {
        #expect(
            try refusal([.broken(.timedOut)])
                == .unavailable(doing: "requesting a token", reason: "acme.my.salesforce.com hung up"))
    }

    @Test func aYesWithoutATokenIsUnreadable() throws {
        #expect(try refusal([.answer("{}")]) == .unreadable(doing: "requesting a token"))
    }

    @Test func theGrantNeverShows() {
        let jwt = Grant.jwtBearer(clientId: "hush", username: "hush", audience: "hush", privateKeyPEM: "hush")
        for grant in [grant, jwt] {
            for text in ["\(grant)", String(reflecting: grant), "\([grant])"] { #expect(!text.contains("hush")) }
        }
    }
}
