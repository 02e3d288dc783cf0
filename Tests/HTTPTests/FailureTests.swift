import Basics
import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// Whether the server may have received a request that has no response. It decides whether a write may be sent again.
@Suite struct FailureTests {
    private func failure(_ url: String, timeout: Milliseconds? = 20_000) -> HTTPFailure? {
        HTTPClient.quick().failure(of: Request("POST", url, body: [1], timeout: timeout, isIdempotent: false))
    }

    private func expect(
        _ failure: HTTPFailure?, _ kind: HTTPFailure.Kind, received: Bool,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(failure?.kind == kind, "\(String(describing: failure))", sourceLocation: location)
        #expect(failure?.mayHaveBeenReceived == received, sourceLocation: location)
    }

    @Test("A refused connection means that the request was not received") func refusedConnection() throws {
        let closed = try ClosedPort()
        expect(failure("http://127.0.0.1:\(closed.port)/"), .notConnected, received: false)
    }

    /// A label of 64 letters is invalid without any lookup.
    @Test("An unknown name means that the request was not received") func unknownName() {
        let label = String(repeating: "a", count: 64)
        expect(failure("https://\(label).example.com/"), .notConnected, received: false)
    }

    @Test("A connection closed after the request means that it may have been received") func dropAfterReading() throws {
        let server = try LoopbackServer { _ in .drop }
        expect(failure(server.url), .broken, received: true)
    }

    @Test("A connection closed before the request means that it may have been received") func dropBeforeReading() throws
    {
        let server = try RawServer { _ in }
        let failure = failure(server.url)
        // The bytes may have left before the reset arrived, so that only "may have been received" is safe.
        expect(failure, .broken, received: true)
    }

    /// 2 s are plenty to connect and to send.
    @Test("A timeout after the request means that it may have been received") func timeoutAfterReading() throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil {}
        }
        expect(failure(server.url, timeout: 2000), .timedOut, received: true)
    }

    @Test("A truncated body means that it may have been received", arguments: [0, 3])
    func truncatedBody(_ sent: Int) throws {
        let server = try LoopbackServer { _ in
            .truncated(status: 200, length: 10, body: Array(repeating: 1, count: sent))
        }
        expect(failure(server.url), .broken, received: true)
    }

    @Test("A truncated header means that it may have been received") func truncatedHeader() throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nX-Ha")
        }
        expect(failure(server.url), .broken, received: true)
    }

    @Test("Truncated chunks means that it may have been received") func truncatedChunks() throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        }
        expect(failure(server.url), .broken, received: true)
    }

    @Test("A response that is not HTTP means that it may have been received") func notHTTP() throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("SSH-2.0-OpenSSH_9.2\r\n")
        }
        expect(failure(server.url), .broken, received: true)
    }

    @Test("A response that is too large means that it may have been received") func tooLarge() throws {
        let server = try LoopbackServer { _ in .answer(status: 200, body: [1, 2, 3]) }
        let request = Request("POST", server.url, isIdempotent: false)
        expect(HTTPClient.quick(maxResponseSize: 2).failure(of: request), .tooLarge, received: true)
    }

    /// The server answers, but not in TLS.
    @Test("A failed handshake means that the request was not received") func failedHandshake() throws {
        let server = try RawServer { connection in
            connection.readMore()
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        expect(failure("https://127.0.0.1:\(server.port)/"), .notConnected, received: false)
    }

    @Test("A broken handshake means that the request was not received") func brokenHandshake() throws {
        let server = try RawServer { connection in connection.readMore() }
        expect(failure("https://127.0.0.1:\(server.port)/"), .notConnected, received: false)
    }

    /// The request's timeout ends the handshake, before any of the request is sent.
    @Test("A handshake that times out means that the request was not received") func slowHandshake() throws {
        let server = try RawServer { connection in
            while connection.readMore() {}
        }
        expect(failure("https://127.0.0.1:\(server.port)/", timeout: 300), .timedOut, received: false)
    }

    /// A real TLS server with a self-signed certificate.
    @Test("An untrusted certificate means that the request was not received") func untrustedCertificate() throws {
        let directory = try TemporaryDirectory()
        let key = directory.url.appending(path: "key.pem").path
        let certificate = directory.url.appending(path: "certificate.pem").path
        _ = try Program.openssl.run([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        let script = """
            import http.server, ssl, sys, threading
            server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print("ready at port", server.server_port, flush=True)
            sys.stdin.read()
            """
        let server = try Service(Program.pythonPath, ["-c", script, certificate, key], ready: "ready at port")
        let port = try #require(server.port)
        let failure = failure("https://127.0.0.1:\(port)/")
        expect(failure, .notConnected, received: false)
        #expect(failure?.description.contains("certificate") == true, "\(String(describing: failure))")
    }
}
