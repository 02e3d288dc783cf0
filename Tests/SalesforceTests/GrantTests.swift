import Basics
import TestSupport
import HTTP
import JSON
import Salesforce
import Testing

@Suite struct GrantTests {
    private let grant = Grant.clientCredentials(clientId: "3MVG&1", secret: "hush")
    private let host = "https://acme.my.salesforce.com"

    private func request(_ http: FakeHTTPClient, loginURL: String? = nil) throws -> Token {
        try grant.requestToken(loginURL: loginURL ?? host, http: http.client)
    }

    private func refusal(_ answers: [Result<Response, HTTPFailure>]) throws -> SalesforceFailure {
        let http = FakeHTTPClient(answers)
        return try #require(failure { _ = try request(http) })
    }

    @Test("Client credentials are sent in the body") func clientCredentials() throws {
        let http = FakeHTTPClient(
            #"{"access_token":"00D!x","instance_url":"https://acme.my.salesforce.com","issued_at":"1795169729999"}"#)
        let token = try request(http)
        #expect(token.accessToken == "00D!x")
        #expect(token.issuedAt == 1_795_169_729_999)
        let sent = try #require(http.requests.first)
        #expect(sent.method == "POST")
        #expect(sent.url == "https://acme.my.salesforce.com/services/oauth2/token")
        #expect(sent.headers.contains(Header("Content-Type", "application/x-www-form-urlencoded")))
        #expect(sent.text == "grant_type=client_credentials&client_id=3MVG%261&client_secret=hush")
    }

    @Test("A token without a time is issued now") func issuedNow() throws {
        let http = FakeHTTPClient(
            #"{"access_token":"t","instance_url":"https://acme.my.salesforce.com","token_type":"Bearer"}"#)
        #expect(try request(http).issuedAt == 1_795_169_730_000)
    }

    @Test("A token for an instance without https is refused") func unsafeInstance() throws {
        let error = try refusal([.answer(200, #"{"access_token":"hush","instance_url":"http://evil.example"}"#)])
        #expect(error == .noToken("the instance URL of the answer is not https"))
    }

    @Test(
        "Nothing is sent to an unsafe login URL",
        arguments: ["http://acme.my.salesforce.com", "acme.my.salesforce.com", "https://a@b.example", ""])
    func unsafeLoginURL(_ url: String) throws {
        let http = FakeHTTPClient()
        let error = failure { _ = try request(http, loginURL: url) }
        #expect(error == .noToken("the login URL is not https and a host"))
        #expect(http.requests.isEmpty)
    }

    @Test(
        "The token service's request to retry is followed",
        arguments: [
            #"{"error":"unknown_error","error_description":"retry your request"}"#, #"{"error":"unknown_error"}"#,
            #"{"error":"invalid_grant","error_description":"Retry your request"}"#,
        ])
    func retries(_ hiccup: String) throws {
        let token = #"{"access_token":"t","instance_url":"https://acme.my.salesforce.com"}"#
        let http = FakeHTTPClient([.answer(400, hiccup), .answer(400, hiccup), .answer(200, token)])
        #expect(try request(http).accessToken == "t")
        #expect(http.waits == [500, 1000])
    }

    @Test("A lasting request to retry is retryable later") func lastingRetry() throws {
        let hiccup = #"{"error":"unknown_error","error_description":"retry your request"}"#
        let http = FakeHTTPClient(Array(repeating: .answer(400, hiccup), count: 4))
        let error = try #require(failure { _ = try request(http) })
        #expect(
            error == .unavailable(doing: "requesting a token", reason: "HTTP 400 unknown_error retry your request"))
        #expect(error.isRetryable)
        #expect(http.waits == [500, 1000, 2000])
    }

    @Test("A retry does not wait beyond the deadline") func retryDeadline() throws {
        let http = FakeHTTPClient([.answer(400, #"{"error":"unknown_error"}"#)])
        let client = http.client.until(FakeHTTPClient.start + 400)
        let error = try #require(failure { _ = try grant.requestToken(loginURL: host, http: client) })
        #expect(error.isRetryable)
        #expect(http.waits == [])
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
        let error = try refusal([.answer(400, String(decoding: body.bytes, as: UTF8.self))])
        #expect(error == .grantRefused(error: code, message: message))
        #expect(error.description == "Salesforce gives no token:" + words)
        #expect(!error.isRetryable)
    }

    @Test("A refusal without a description is read") func noDescription() throws {
        let error = try refusal([.answer(400, #"{"error":"invalid_grant"}"#)])
        #expect(error == .grantRefused(error: "invalid_grant", message: ""))
    }

    @Test(
        "Too many logins are a limit",
        arguments: [
            #"{"error":"rate_limit_exceeded"}"#,
            #"{"error":"invalid_grant","error_description":"LOGIN_RATE_EXCEEDED"}"#,
        ])
    func loginLimit(_ body: String) throws {
        guard case .limitReached = try refusal([.answer(400, body)]) else {
            Issue.record("not a limit")
            return
        }
    }

    @Test(
        "A page without JSON is maintenance or the wrong host",
        arguments: [
            (200, true), (400, true), (403, true), (429, true), (500, true), (503, true), (301, false), (302, false),
            (404, false), (405, false),
        ])
    func pages(_ status: Int, _ passing: Bool) throws {
        // The HTTP client retries an overloaded server three times.
        let page = Result.answer(status, "<html>hush</html>")
        let error = try refusal(Array(repeating: page, count: Request.isRetryableStatus(try page.get()) ? 4 : 1))
        #expect(error.isRetryable == passing)
        #expect(error.description.contains("HTTP \(status)"))
        #expect(!error.description.contains("hush"))
        if !passing { #expect(error == .grantRefused(error: "HTTP \(status)", message: "")) }
    }

    @Test("An unreachable token service is retryable") func unreachable() throws {
        #expect(
            try refusal([.failed(.timedOut, received: true)])
                == .unavailable(doing: "requesting a token", reason: "scripted"))
    }

    @Test("A success without a token is unreadable") func noToken() throws {
        #expect(try refusal([.answer(200, "{}")]) == .unreadable(doing: "requesting a token"))
    }

    @Test("A grant never shows its secrets") func secrecy() {
        let jwt = Grant.jwtBearer(clientId: "hush", username: "hush", audience: "hush", privateKeyPEM: "hush")
        for grant in [grant, jwt] {
            for text in ["\(grant)", String(reflecting: grant), "\([grant])"] { #expect(!text.contains("hush")) }
        }
        #expect(["\(grant)", "\(jwt)"] == ["client-credentials", "jwt-bearer"])
    }
}
