import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// Servers whose TLS is not good enough. That a certificate of a known authority counts for its own host only is shown
/// by the proof of the zips, which trust an authority that a test can sign with.
@Suite struct TLSTests {
    private let directory: TemporaryDirectory
    private let certificate: String

    init() throws {
        directory = try TemporaryDirectory()
        certificate = directory.url.appending(path: "server.pem").path
        _ = try Program.openssl.run([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", certificate, "-out", certificate + ".crt",
        ])
        let chain = try String(contentsOfFile: certificate + ".crt", encoding: .utf8)
        try (String(contentsOfFile: certificate, encoding: .utf8) + chain)
            .write(toFile: certificate, atomically: true, encoding: .utf8)
    }

    /// Accepts one connection with a version of TLS, answers a request, and prints how the handshake ended.
    private static let server = """
        import socket, ssl, sys
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[2]]
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                seen = tls.recv(1000)
                print("request", flush=True)
        except (ssl.SSLError, OSError) as error:
            print(error, flush=True)
        """

    @Test(
        "A certificate of an unknown authority and old versions of TLS are refused before the request is sent",
        arguments: [
            ("TLSv1_3", "SSL peer certificate or SSH remote key was not OK", "ALERT_UNKNOWN_CA"),
            ("TLSv1_2", "SSL peer certificate or SSH remote key was not OK", "ALERT_UNKNOWN_CA"),
            ("TLSv1_1", "SSL connect error", "UNSUPPORTED_PROTOCOL"),
            ("TLSv1", "SSL connect error", "UNSUPPORTED_PROTOCOL"),
        ])
    func refused(_ version: String, _ reason: String, _ serverSees: String) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Program.pythonPath)
        process.arguments = ["-W", "ignore", "-c", Self.server, certificate, version]
        process.standardOutput = output
        try process.run()
        defer { process.terminate() }
        let port = try #require(Int(try output.fileHandleForReading.line()))
        let request = Request("POST", "https://127.0.0.1:\(port)/secret", body: [1], isIdempotent: false)
        #expect(
            HTTPClient.quick().failure(of: request)
                == HTTPFailure(.notConnected, mayHaveBeenReceived: false, "127.0.0.1: \(reason)"))
        let seen = try output.fileHandleForReading.line()
        #expect(seen.contains(serverSees), "\(seen)")
    }
}

extension FileHandle {
    /// The next line, without its end.
    fileprivate func line() throws -> String {
        var line = Data()
        while let byte = try read(upToCount: 1), byte.first != UInt8(ascii: "\n") { line += byte }
        return String(decoding: line, as: UTF8.self)
    }
}
