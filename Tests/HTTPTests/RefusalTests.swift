import HTTP
import Testbed
import TestSupport
import Testing

/// What the client does not send at all.
@Suite struct RefusalTests {
    private func refusal(_ url: String) -> HTTPFailure? {
        HTTPClient.quick().failure(of: Request("GET", url, isIdempotent: false))
    }

    @Test(arguments: [
        ("http://example.com/", "example.com must be asked over https, not http"),
        ("HTTP://Example.COM/", "example.com must be asked over https, not http"),
        // What looks like loopback to the eye, and is not.
        ("http://127.0.0.1.example.com/", "127.0.0.1.example.com must be asked over https, not http"),
        ("http://127.0.0.1@example.com/", "example.com must be asked over https, not http"),
        ("http://localhost.example.com/", "localhost.example.com must be asked over https, not http"),
        ("http://127.example.com/", "127.example.com must be asked over https, not http"),
        ("http://127.0.0.a/", "127.0.0.a must be asked over https, not http"),
        ("http://128.0.0.1/", "128.0.0.1 must be asked over https, not http"),
        ("http://0.0.0.0/", "0.0.0.0 must be asked over https, not http"),
        ("http://169.254.169.254/", "169.254.169.254 must be asked over https, not http"),
        ("http://[::2]/", "[::2] must be asked over https, not http"),
        ("ftp://127.0.0.1/", "127.0.0.1 must be asked over https, not ftp"),
        ("gopher://example.com/", "example.com must be asked over https, not gopher"),
        ("file:///etc/hostname", "the URL is not valid"),
        ("", "the URL is not valid"),
        ("example.com/", "the URL is not valid"),
        ("/path", "the URL is not valid"),
        ("https://", "the URL is not valid"),
        ("https://example.com:99999/", "the URL is not valid"),
        ("https://example.com:x/", "the URL is not valid"),
        ("https://exa mple.com/", "the URL is not valid"),
        ("https://example.com/\r\nX-Injected: 1", "the URL is not valid"),
        ("https://example.com/a b", "the URL is not valid"),
    ])
    func badURLs(_ url: String, _ reason: String) {
        #expect(refusal(url) == HTTPFailure(.refused, mayHaveBeenReceived: false, reason))
        #expect(!HTTPClient.isAllowed(url: url))
    }

    @Test(arguments: [
        "https://example.com", "https://example.com:8443/a?b=c", "HTTPS://example.com/", "http://127.0.0.1:8080/",
        "http://127.9.8.7/", "http://localhost/", "http://LocalHost:1/", "http://[::1]:8080/",
    ])
    func goodURLs(_ url: String) {
        #expect(HTTPClient.isAllowed(url: url))
    }

    @Test(arguments: [
        Header("X-A", "1\r\nX-Injected: 1"), Header("X-A", "1\nX-Injected: 1"), Header("X-A", "1\r"),
        Header("X-A", "\n"), Header("X-A\r\nX-Injected", "1"), Header("X-A", "1\0"),
    ])
    func lineBreaksInHeaders(_ header: Header) throws {
        let seen = Recorder<String>()
        let server = try LoopbackServer { request in
            seen.append(request.path)
            return .answer(status: 200)
        }
        let request = Request("GET", server.url, headers: [Header("X-Good", "1"), header], isIdempotent: true)
        let expected = HTTPFailure(.refused, mayHaveBeenReceived: false, "a header for 127.0.0.1 contains a line break")
        #expect(HTTPClient.quick().failure(of: request) == expected)
        #expect(seen.values.isEmpty)
    }

    /// The Runtime API may have a link-local address; here 0.0.0.0, which Linux takes for loopback and we do not.
    @Test func aServerOnThisMachineMayHaveAnyAddress() throws {
        let server = try LoopbackServer { _ in .answer(status: 200) }
        var request = Request("GET", "http://0.0.0.0:\(server.port)/", isIdempotent: true)
        request.isOnThisMachine = true
        #expect(try HTTPClient.quick().send(request).status == 200)
        request.url = "ftp://0.0.0.0:\(server.port)/"
        #expect(HTTPClient.quick().failure(of: request)?.kind == .refused)
    }

    /// Failures go into logs: never a path, a query or a user's name.
    @Test func aFailureNamesTheHostOnly() throws {
        let closed = try ClosedPort()
        let url = "http://user:secret@127.0.0.1:\(closed.port)/private?token=secret"
        let failure = try #require(refusal(url))
        #expect(failure.kind == .notConnected)
        #expect(failure.description.hasPrefix("127.0.0.1: "))
        #expect(!failure.description.contains("secret") && !failure.description.contains("private"))
    }
}
