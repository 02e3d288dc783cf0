import Foundation
import TestSupport
import Testing

/// The roots that the zips are unpacked into, and the only services outside them: a name server, and a TLS proxy to the
/// testbed's AWS (deploy/package/tls_and_dns.py). The services end with this process.
final class ZipRoots: Sendable {
    private let directory: TemporaryDirectory
    private let process = Process()
    private let input = Pipe()
    private let nameServer: String
    private let port: String

    var programs: String { directory.url.path }
    var servicesAreRunning: Bool { process.isRunning }

    init() throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        func path(_ name: String) -> String { directory.url.appending(path: name).path }
        // Three digests: the authority signs a second one, which signs the server.
        func certify(_ name: String, _ digest: String, by issuer: String?, _ extensions: [String]) throws {
            _ = try Program.openssl.run(
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=\(name)", "-\(digest)", "-keyout", path(name + ".key"), "-out", path(name + ".pem"),
                ] + (issuer.map { ["-CA", path($0 + ".pem"), "-CAkey", path($0 + ".key")] } ?? [])
                    + extensions.flatMap { ["-addext", $0] })
        }
        try certify("authority", "sha256", by: nil, [])
        try certify("second", "sha512", by: "authority", [])
        try certify(
            "server", "sha384", by: "second",
            [
                "subjectAltName=DNS:hosts.eu-west-1.amazonaws.com,DNS:dns.eu-west-1.amazonaws.com",
                "basicConstraints=critical,CA:FALSE",
            ])
        let chain = try ["server.pem", "second.pem", "server.key"].map {
            try String(contentsOfFile: path($0), encoding: .utf8)
        }
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Program.pythonPath)
        process.arguments = [
            packageRoot.appending(path: "deploy/package/tls_and_dns.py").path, "dns.eu-west-1.amazonaws.com",
            try directory.file("chain.pem", Array(chain.joined().utf8)),
        ]
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1) {
            line += byte
        }
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        try #require(words.count == 2, "tls_and_dns.py did not start")
        (nameServer, port) = (words[0], words[1])
    }

    /// The URL of AWS under that host name.
    func url(_ host: String) -> String { "https://\(host):\(port)" }

    /// Makes the TLS proxy forward to that URL.
    func forward(to url: String) throws {
        let port = try #require(URL(string: url)?.port)
        try input.fileHandleForWriting.write(contentsOf: Data("\(port)\n".utf8))
    }

    /// Unpacks the function's zip into a root of its own. Returns the directory that the program sees as /var/task.
    func unpack(_ function: String) throws -> URL {
        let zip = packageRoot.appending(path: ".build/lambda/\(function).zip").path
        _ = try Program(packageRoot.appending(path: "deploy/package/unpack").path).run([zip, programs])
        let root = directory.url.appending(path: "\(function).root")
        try Data("127.0.0.1 hosts.eu-west-1.amazonaws.com other.eu-west-1.amazonaws.com\n".utf8).write(
            to: root.appending(path: "etc/hosts"))
        try Data("nameserver \(nameServer)\n".utf8).write(to: root.appending(path: "etc/resolv.conf"))
        return root.appending(path: "var/task")
    }

    /// Adds the private authority to those that the program trusts.
    func trustAuthority(in task: URL) throws {
        let authority = directory.url.appending(path: "authority.pem")
        let hash = try Program.openssl.text(["x509", "-noout", "-hash", "-in", authority.path])
        let name = hash.trimmingCharacters(in: .whitespacesAndNewlines) + ".0"
        try FileManager.default.copyItem(at: authority, to: task.appending(path: "certs").appending(path: name))
    }
}
