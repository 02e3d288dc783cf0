import HTTP
import Testbed
import TestSupport
import Testing

/// Requests that the client does not send.
@Suite struct RefusalTests {
    private func refusal(_ url: String) -> HTTPFailure? {
        HTTPClient.quick().failure(of: Request("GET", url, isIdempotent: false))
    }

    @Test(
        "A request to a forbidden URL is not sent",
        arguments: [
            ("http://example.com/", "requests to example.com must use https, not http"),
            ("http://127.0.0.1.example.com/", "requests to 127.0.0.1.example.com must use https, not http"),
            ("ftp://127.0.0.1/", "requests to 127.0.0.1 must use https, not ftp"),
            ("https://user:secret@example.com/", "the URL is not valid"), ("", "the URL is not valid"),
        ])
    func forbiddenURL(_ url: String, _ reason: String) {
        #expect(refusal(url) == HTTPFailure(.refused, mayHaveBeenReceived: false, reason))
    }

    @Test(
        "A header with a line break is not sent",
        arguments: [
            Header("X-A", "1\r\nX-Injected: 1"), Header("X-A", "1\nX-Injected: 1"), Header("X-A", "1\r"),
            Header("X-A", "\n"), Header("X-A\r\nX-Injected", "1"), Header("X-A", "1\0"),
        ])
    func lineBreaks(_ header: Header) throws {
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

    /// The Runtime API may have a link-local address. The test uses 0.0.0.0, which Linux treats as loopback and the client does not.
    @Test("A server on this machine may have any address") func onThisMachine() throws {
        let server = try LoopbackServer { _ in .answer(status: 200) }
        var request = Request("GET", "http://0.0.0.0:\(server.port)/", isIdempotent: true)
        request.isOnThisMachine = true
        #expect(try HTTPClient.quick().send(request).status == 200)
        request.url = "ftp://0.0.0.0:\(server.port)/"
        #expect(HTTPClient.quick().failure(of: request)?.kind == .refused)
    }

    /// libcurl takes no text of more than 8 MB. Without its key a request would go out unsigned.
    @Test("A request that libcurl does not take whole is not sent", arguments: ["secret", "method", "key"])
    func notTaken(_ part: String) throws {
        let seen = Recorder<String>()
        let server = try LoopbackServer { request in
            seen.append(request.path)
            return .answer(status: 200)
        }
        let long = String(repeating: "x", count: 8_000_001)
        var request = Request(part == "method" ? long : "GET", server.url, isIdempotent: true)
        request.signature = AWSSignature(
            region: "r", service: "s", accessKeyId: part == "key" ? long : "k",
            secretAccessKey: part == "secret" ? long : "s", sessionToken: nil)
        let failure = HTTPClient.quick().failure(of: request)
        #expect(failure?.kind == .refused && failure?.mayHaveBeenReceived == false)
        #expect(failure?.description.hasPrefix("127.0.0.1: ") == true)
        #expect(seen.values.isEmpty)
    }

    /// Failures are logged.
    @Test("A failure names the host, and neither path nor query") func failureNamesHost() throws {
        let closed = try ClosedPort()
        let failure = try #require(refusal("http://127.0.0.1:\(closed.port)/private?token=secret"))
        #expect(failure.kind == .notConnected)
        #expect(failure.description.hasPrefix("127.0.0.1: "))
        #expect(!failure.description.contains("secret") && !failure.description.contains("private"))
    }
}
