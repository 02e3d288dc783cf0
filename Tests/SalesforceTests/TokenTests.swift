import Salesforce
import Testing

@Suite struct TokenTests {
    private let stored =
        #"{"access_token":"00Dxx!AQ.hush","instance_url":"https://acme.my.salesforce.com","issued_at":"1795169730000"}"#

    @Test("The parameter is read and written back") func parameter() throws {
        let token = try Token(parameterValue: stored)
        #expect(token.accessToken == "00Dxx!AQ.hush")
        #expect(token.instanceURL == "https://acme.my.salesforce.com")
        #expect(token.issuedAt == 1_795_169_730_000)
        #expect(token.parameterValue == stored)
    }

    @Test("The time may be a number") func numericTime() throws {
        #expect(
            try Token(parameterValue: stored.replacing(#""1795169730000""#, with: "1795169730000")).parameterValue
                == stored)
    }

    @Test("The fingerprint is of the token alone") func fingerprint() throws {
        // printf %s '00Dxx!AQ.hush' | sha256sum | cut -c 1-16
        #expect(try Token(parameterValue: stored).fingerprint == "cac8b628c305e728")
    }

    @Test("A token never shows") func secrecy() throws {
        let token = try Token(parameterValue: stored)
        for text in ["\(token)", String(reflecting: token), "\([token])"] { #expect(!text.contains("hush")) }
    }

    @Test(
        "A parameter that cannot be read is no token",
        arguments: [
            "", "hush", "[]", #"{"access_token":"hush"}"#,
            #"{"access_token":"","instance_url":"https://a.example","issued_at":1}"#,
            #"{"access_token":"hush\r\nX: y","instance_url":"https://a.example","issued_at":1}"#,
            #"{"access_token":"hush","instance_url":"https://a.example","issued_at":"soon"}"#,
        ])
    func unreadable(_ value: String) throws {
        let error = try #require(failure { _ = try Token(parameterValue: value) })
        #expect(error == .noToken("the stored one cannot be read"))
        #expect(error.isRetryable)
    }

    @Test(
        "The instance must be an origin that requests may go to",
        arguments: [
            ("https://acme.my.salesforce.com", true), ("https://acme.my.salesforce.com/", true),
            ("https://a.example:8443", true),
            ("http://127.0.0.1:4243", true), ("http://localhost", true), ("http://[::1]:80", true),
            ("http://acme.my.salesforce.com", false), ("http://127.0.0.1.evil.example", false),
            ("http://localhost.evil", false),
            ("https://acme.my.salesforce.com@evil.example", false), ("https://evil.example/path", false),
            ("https://evil.example?q", false), ("https://", false), ("ftp://a.example", false), ("", false),
        ])
    func instance(_ url: String, _ safe: Bool) {
        #expect((Token(accessToken: "t", instanceURL: url, issuedAt: 1) != nil) == safe)
    }
}
