import HTTP
import TestSupport
import Testing

@Suite struct OriginTests {
    /// Where a request may go, and whether the URL is an origin and nothing more, as it must be to receive a token.
    enum Verdict {
        /// An origin, with or without a slash at its end.
        case origin
        /// The URL has more than an origin.
        case allowed
        /// Requests may not go there: plain `http` to another machine, or another scheme.
        case forbidden
        /// No URL.
        case invalid
    }

    static let cases: [(url: String, verdict: Verdict)] = [
        ("https://acme.my.salesforce.com", .origin), ("https://acme.my.salesforce.com/", .origin),
        ("https://example.com:8443", .origin), ("HTTPS://Example.COM/", .origin), ("https://192.0.2.1", .origin),
        ("https://[2001:db8::1]:443/", .origin),
        ("https://example.com/path", .allowed), ("https://example.com//", .allowed),
        ("https://example.com?q", .allowed), ("https://example.com/?q", .allowed), ("https://example.com/#f", .allowed),
        // libcurl repairs these, so that they are not the origin that they look like.
        ("https:/example.com", .allowed), ("https:///example.com", .allowed), ("https://ex%61mple.com", .allowed),

        // Plain http, only to loopback.
        ("http://127.0.0.1:8080", .origin), ("http://127.0.0.2/", .origin), ("http://127.9.8.7/a", .allowed),
        ("http://localhost", .origin), ("http://LocalHost:1/", .origin), ("http://[::1]:8080", .origin),
        ("http://2130706433/", .allowed),
        ("http://example.com/", .forbidden), ("HTTP://Example.COM/", .forbidden), ("http://128.0.0.1/", .forbidden),
        ("http://0.0.0.0/", .forbidden), ("http://169.254.169.254/", .forbidden), ("http://[::2]/", .forbidden),
        ("http://[::ffff:127.0.0.1]/", .forbidden),
        // They look like loopback.
        ("http://127.0.0.1.example.com/", .forbidden), ("http://localhost.example.com/", .forbidden),
        ("http://localhost./", .forbidden), ("http://127.example.com/", .forbidden),
        ("http://127.0.0.a/", .forbidden),
        ("ftp://127.0.0.1/", .forbidden), ("gopher://example.com/", .forbidden),

        // A user name: a host may hide behind it, and a password does not belong into a URL.
        ("https://user@example.com", .invalid), ("https://user:secret@example.com/", .invalid),
        ("https://acme.my.salesforce.com@example.com", .invalid), ("http://127.0.0.1@example.com/", .invalid),
        ("http://localhost:80@example.com/", .invalid), ("https://@example.com", .invalid),
        ("file:///etc/hostname", .invalid), ("", .invalid), ("example.com/", .invalid), ("/path", .invalid),
        ("//example.com", .invalid), ("https://", .invalid), ("https:///", .invalid),
        ("https://example.com:99999/", .invalid), ("https://example.com:x/", .invalid),
        ("https://exa mple.com/", .invalid), ("https://example.com/\r\nX-Injected: 1", .invalid),
        ("https://example.com/a b", .invalid), ("https://example.com\\@evil.example", .invalid),
    ]

    @Test("A URL is judged by its origin", arguments: cases) func verdict(_ url: String, _ verdict: Verdict) {
        let origin = try? Origin(url)
        #expect((origin != nil) == (verdict != .invalid))
        #expect((origin?.isAllowed() == true) == [.origin, .allowed].contains(verdict))
        let exact = Origin(exactly: url)
        #expect((exact?.isAllowed() == true) == (verdict == .origin))
    }

    @Test(
        "Scheme and host are lower case, a port is kept",
        arguments: [
            ("HTTPS://Example.COM/a?b", "https", "example.com", "https://example.com"),
            ("https://example.com:443/", "https", "example.com", "https://example.com:443"),
            ("http://[::1]:8080/a", "http", "[::1]", "http://[::1]:8080"),
        ])
    func parts(_ url: String, _ scheme: String, _ host: String, _ text: String) throws {
        let origin = try Origin(url)
        #expect((origin.scheme, origin.host, origin.url) == (scheme, host, text))
    }

    @Test("A server on this machine may have any address, but no other scheme") func onThisMachine() throws {
        #expect(try Origin("http://169.254.100.1:9001/").isAllowed(isOnThisMachine: true))
        #expect(try !Origin("ftp://169.254.100.1/").isAllowed(isOnThisMachine: true))
    }
}
