import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// The zips of deploy/build, each unpacked into a root that holds nothing else. `PROVE=zips` runs them, as deploy/prove
/// and .ci/run do: they have to be built before.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PROVE"] == "zips"), .serialized) struct ZipTests {
    private typealias Stage = Result<(world: World, outside: Outside), any Error>

    /// AWS is only to be had by TLS, by a name that stands in the roots' /etc/hosts or is known to the name server; the
    /// roots hold the certificate of who signed its server's.
    private static let good: Stage = Result {
        atexit { ZipTests.end(ZipTests.good) }
        let outside = try Outside()
        return (try world(outside, trusting: true), outside)
    }
    /// The same without the certificate, a name that nobody knows, and a program that is not static.
    private static let bad: Stage = Result {
        atexit { ZipTests.end(ZipTests.bad) }
        let outside = try Outside()
        return (try world(outside, trusting: false), outside)
    }

    /// The tests' process ends without a deinit of what is static.
    private static func end(_ stage: Stage) {
        guard let (world, outside) = try? stage.get() else { return }
        world.stack.stop()
        try? FileManager.default.removeItem(atPath: outside.programs)
    }

    static let samples: [(String, String, @Sendable (JSON) -> Bool)] = [
        // First, because whoever finds no token has one made, and it is made for one at a time.
        ("refresh-sf-token", "schedule", { $0["refreshed"] == true }),
        ("verify-signature", "fulfill", { $0["statusCode"]?.integer == 202 }),
        ("provision-order", "order-provision-requested", { $0["orderId"]?.stringOrNumber == "801Dn0000014UPaIAM" }),
        ("recover-orders", "recover-one", { $0["recovered"]?.integer != nil }),
        ("order-status", "status", { $0["statusCode"]?.integer == 200 }),
    ]

    @Test(arguments: samples.indices) func answersItsSampleEvent(_ index: Int) throws {
        let (function, sample, isRight) = Self.samples[index]
        let result = try Self.invoke(function, sample, Self.good.get().world)
        #expect(result.errorType == nil, "\(function): \(result.json)")
        #expect(isRight(result.json), "\(function): \(result.json)")
    }

    @Test func anOrderGoesTheWholeRoad() throws {
        let world = try Self.good.get().world
        let (order, client) = world.newOrder()
        #expect(try world.click(order).status == 202)
        #expect(try world.wait(order)["status"] == "Provisioned")
        #expect(world.whmcsOrders(client).map(\.status) == ["Active"])
    }

    /// The parts' answers came by TLS, from a server whose name is in /etc/hosts (verify-signature's `fulfill`, above)
    /// or comes from the name server.
    @Test func speaksTLSWithAServerThatTheNameServerKnows() throws {
        let (world, outside) = try Self.good.get()
        let result = try Self.invoke("order-status", "health", world)
        let health = JSON(Array((result.json["body"]?.stringOrNumber ?? "").utf8))
        #expect(health?["ledger"]?["ok"] == true && health?["bus"]?["ok"] == true, "\(result.json)")
        #expect(outside.isRunning)
    }

    @Test func refusesAServerThatNobodyVouchesFor() throws {
        let world = try Self.bad.get().world
        let result = try Self.invoke("verify-signature", "fulfill", world)
        #expect(result.json["statusCode"]?.integer == 503)
        #expect(Self.error("aws.hosts.test: SSL peer certificate", isLoggedBy: "verify-signature", world))
    }

    @Test func doesNotFindANameThatNobodyKnows() throws {
        let world = try Self.bad.get().world
        let result = try Self.invoke("order-status", "health", world)
        #expect(result.json["statusCode"]?.integer == 503, "\(result.json)")
        _ = try Self.invoke("order-status", "status", world)
        #expect(Self.error("resolve host", isLoggedBy: "order-status", world))
    }

    @Test func theEverydayBuildWouldNotStart() throws {
        let world = try Self.bad.get().world
        let result = try Self.invoke("provision-order", "order-provision-requested", world)
        #expect(result.errorType?.hasPrefix("Runtime.ExitError") == true, "\(result.json)")
        #expect(world.stack.journal.lines(of: "provision-order").contains { $0.contains("No such file or directory") })
    }

    // MARK: -

    /// Waits for the line, because it may arrive after the function's answer.
    private static func error(_ text: String, isLoggedBy function: String, _ world: World) -> Bool {
        let end = Date(timeIntervalSinceNow: 10)
        repeat {
            if world.log(function).contains(where: { $0["error"]?.string?.contains(text) == true }) { return true }
            usleep(20_000)
        } while Date() < end
        return false
    }

    private static func invoke(_ function: String, _ sample: String, _ world: World) throws -> InvocationResult {
        let file = packageRoot.appending(path: "events/\(sample).json")
        let event = try #require(JSON([UInt8](Data(contentsOf: file))))
        return try world.stack.invoke(function, RecordedRequest.renewed(event) ?? event)
    }

    private static func world(_ outside: Outside, trusting: Bool) throws -> World {
        for (function, _, _) in samples {
            let task = try outside.unpack(function)
            if trusting { try outside.vouch(in: task) }
            if !trusting && function == "provision-order" {
                let bootstrap = task.appending(path: "bootstrap")
                try FileManager.default.removeItem(at: bootstrap)
                try FileManager.default.copyItem(
                    at: URL(fileURLWithPath: Programs.directory).appending(path: function), to: bootstrap)
            }
        }
        let world = try World {
            $0.programs = outside.programs
            $0.environment["verify-signature"] = ["AWS_ENDPOINT_URL": outside.url("aws.hosts.test")]
            $0.environment["order-status"] = [
                "AWS_ENDPOINT_URL": outside.url(trusting ? "aws.dns.test" : "nobody.dns.test")
            ]
        }
        try outside.lead(to: world.stack.addresses.aws)
        return world
    }
}

/// The roots, and what the programs in them find outside; see deploy/package/tls_and_dns.py. Ends with the tests' process.
private final class Outside: Sendable {
    private let directory: TemporaryDirectory
    private let process = Process()
    private let input = Pipe()
    private let nameServer: String
    private let port: String

    var programs: String { directory.url.path }
    var isRunning: Bool { process.isRunning }

    init() throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        func path(_ name: String) -> String { directory.url.appending(path: name).path }
        // The authority has signed a second one, by another digest, and that one the server, by a third.
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
            ["subjectAltName=DNS:aws.hosts.test,DNS:aws.dns.test", "basicConstraints=critical,CA:FALSE"])
        let chain = try ["server.pem", "second.pem", "server.key"].map {
            try String(contentsOfFile: path($0), encoding: .utf8)
        }
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Program.pythonPath)
        process.arguments = [
            packageRoot.appending(path: "deploy/package/tls_and_dns.py").path, "aws.dns.test",
            try directory.file("chain.pem", Array(chain.joined().utf8)),
        ]
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1) {
            line += byte
        }
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        try #require(words.count == 2, "the outside does not start")
        (nameServer, port) = (words[0], words[1])
    }

    func url(_ name: String) -> String { "https://\(name):\(port)" }

    /// What comes in by TLS goes on there.
    func lead(to url: String) throws {
        let port = try #require(URL(string: url)?.port)
        try input.fileHandleForWriting.write(contentsOf: Data("\(port)\n".utf8))
    }

    /// The directory that the program finds as /var/task.
    func unpack(_ function: String) throws -> URL {
        let zip = packageRoot.appending(path: ".build/lambda/\(function).zip").path
        _ = try Program(packageRoot.appending(path: "deploy/package/unpack").path).run([zip, programs])
        let root = directory.url.appending(path: "\(function).root")
        try Data("127.0.0.1 aws.hosts.test\n".utf8).write(to: root.appending(path: "etc/hosts"))
        try Data("nameserver \(nameServer)\n".utf8).write(to: root.appending(path: "etc/resolv.conf"))
        return root.appending(path: "var/task")
    }

    /// Puts the authority's certificate among those the program trusts.
    func vouch(in task: URL) throws {
        let authority = directory.url.appending(path: "authority.pem")
        let hash = try Program.openssl.text(["x509", "-noout", "-hash", "-in", authority.path])
        let name = hash.trimmingCharacters(in: .whitespacesAndNewlines) + ".0"
        try FileManager.default.copyItem(at: authority, to: task.appending(path: "certs").appending(path: name))
    }
}
