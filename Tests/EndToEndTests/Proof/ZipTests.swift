import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// The zips of deploy/build, each unpacked into a root that holds nothing else. `PROVE=zips` runs these tests, as
/// deploy/prove and .ci/run do after they have built the zips.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PROVE"] == "zips"), .serialized) struct ZipTests {
    private typealias Fixture = Result<(harness: EndToEndHarness, roots: ZipRoots), any Error>

    /// The programs reach AWS by TLS only. They find its host in their root's /etc/hosts or at the name server, and trust
    /// the private authority that signs its certificate.
    private static let trusting: Fixture = Result {
        atexit { ZipTests.end(ZipTests.trusting) }
        let roots = try ZipRoots()
        return (try harness(roots, trustsAuthority: true), roots)
    }
    /// The same without the authority, with an unknown host, and with a program that is not static. recover-orders knows the
    /// authority, and calls a host that the certificate does not name.
    private static let distrusting: Fixture = Result {
        atexit { ZipTests.end(ZipTests.distrusting) }
        let roots = try ZipRoots()
        return (try harness(roots, trustsAuthority: false), roots)
    }

    /// To the programs AWS is not on loopback, where alone they accept the testbed's secret.
    private static let signer = WebhookSigner(secret: "9b2d5f7c1e8a4036d1c7b05e93fa6428")

    /// This process ends without a deinit of static values.
    private static func end(_ fixture: Fixture) {
        guard let (harness, roots) = try? fixture.get() else { return }
        harness.testbed.stop()
        try? FileManager.default.removeItem(atPath: roots.programs)
    }

    static let samples: [(String, String, @Sendable (JSON) -> Bool)] = [
        // First, because other programs would invoke it for a token, and it would find that one.
        ("refresh-sf-token", "schedule", { $0["refreshed"] == true }),
        // 200 when the order is provisioned already.
        ("verify-signature", "fulfill", { [200, 202].contains($0["statusCode"]?.integer) }),
        ("provision-order", "order-provision-requested", { $0["orderId"]?.stringOrNumber == "801Dn0000014UPaIAM" }),
        ("recover-orders", "recover-one", { $0["recovered"]?.integer != nil }),
        ("order-status", "status", { $0["statusCode"]?.integer == 200 }),
    ]

    @Test("A zip answers its sample event", arguments: samples.indices)
    func answersItsSampleEvent(_ index: Int) throws {
        let (function, sample, isRight) = Self.samples[index]
        let result = try Self.invoke(function, sample, Self.trusting.get().harness)
        #expect(result.errorType == nil, "\(function): \(result.json)")
        #expect(isRight(result.json), "\(function): \(result.json)")
    }

    @Test("A zip answers its sample event under AWS's emulator", arguments: samples.indices)
    func answersUnderAWSsEmulator(_ index: Int) throws {
        let (function, sample, isRight) = Self.samples[index]
        let (harness, roots) = try Self.trusting.get()
        let definition = try harness.testbed.function(function).definition
        var environment = definition.environment.merging(harness.testbed.environment) { $1 }
        environment["AWS_ENDPOINT_URL"] =
            Self.endpoints(roots, "dns.eu-west-1.amazonaws.com")[function] ?? environment["AWS_ENDPOINT_URL"]
        let emulator = try RuntimeEmulator("\(roots.programs)/\(function)", environment)
        let answer = try emulator.invoke(Self.event(sample).bytes)
        let body = JSON(answer.body) ?? .null
        #expect(answer.status == 200 && isRight(body), "\(function): \(answer.status) \(answer.text)")
    }

    @Test("A zip reports its configuration errors under AWS's emulator", arguments: samples.map(\.0))
    func reportsConfigurationErrors(_ function: String) throws {
        let emulator = try RuntimeEmulator("\(Self.trusting.get().roots.programs)/\(function)", [:])
        let answer = try emulator.invoke(Array("{}".utf8))
        let error = JSON(answer.body)
        #expect(answer.status == 502)
        #expect(error?["errorType"] == "Configuration")
        #expect(error?["errorMessage"]?.string?.contains("LEDGER_TABLE is not set") == true, "\(answer.text)")
    }

    @Test("The zips provision an order")
    func theZipsProvisionAnOrder() throws {
        let harness = try Self.trusting.get().harness
        let (order, client) = harness.newOrder()
        #expect(try harness.fulfill(order).status == 202)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
    }

    /// verify-signature's sample shows the same for a host of /etc/hosts.
    @Test("A zip connects by TLS to a host that the name server knows")
    func connectsToAHostOfTheNameServer() throws {
        let (harness, roots) = try Self.trusting.get()
        let result = try Self.invoke("order-status", "health-signed", harness)
        let health = JSON(Array((result.json["body"]?.stringOrNumber ?? "").utf8))
        #expect(health?["ledger"]?["ok"] == true && health?["bus"]?["ok"] == true, "\(result.json)")
        #expect(roots.servicesAreRunning)
    }

    @Test("A zip refuses a server whose authority it does not trust")
    func refusesAnUntrustedServer() throws {
        let harness = try Self.distrusting.get().harness
        let result = try Self.invoke("verify-signature", "fulfill", harness)
        #expect(result.json["statusCode"]?.integer == 503)
        let error = "hosts.eu-west-1.amazonaws.com: SSL peer certificate"
        try Self.waitForError(error, loggedBy: "verify-signature", harness)
    }

    @Test("A zip refuses a certificate of a trusted authority for another host")
    func refusesAnotherHost() throws {
        let result = try Self.invoke("recover-orders", "recover-one", Self.distrusting.get().harness)
        let message = result.json["errorMessage"]?.string ?? ""
        #expect(message.contains("other.eu-west-1.amazonaws.com: SSL peer certificate"), "\(result.json)")
    }

    @Test("A zip reports a host that cannot be resolved")
    func reportsAnUnknownHost() throws {
        let harness = try Self.distrusting.get().harness
        let result = try Self.invoke("order-status", "health-signed", harness)
        #expect(result.json["statusCode"]?.integer == 503, "\(result.json)")
        _ = try Self.invoke("order-status", "status", harness)
        try Self.waitForError("resolve host", loggedBy: "order-status", harness)
    }

    @Test("A program of the everyday build does not start in such a root")
    func theEverydayBuildDoesNotStart() throws {
        let harness = try Self.distrusting.get().harness
        let result = try Self.invoke("provision-order", "order-provision-requested", harness)
        #expect(result.errorType?.hasPrefix("Runtime.ExitError") == true, "\(result.json)")
        #expect(
            harness.testbed.journal.lines(of: "provision-order").contains { $0.contains("No such file or directory") })
    }

    // MARK: Helpers

    /// Polls, because the line may arrive after the function's answer.
    private static func waitForError(_ text: String, loggedBy function: String, _ harness: EndToEndHarness) throws {
        _ = try harness.poll("\(text) in the log of \(function)") {
            harness.log(function).contains { $0["error"]?.string?.contains(text) == true } ? true : nil
        }
    }

    private static func invoke(_ function: String, _ sample: String, _ harness: EndToEndHarness) throws
        -> InvocationResult
    {
        try harness.testbed.invoke(function, event(sample))
    }

    private static func event(_ sample: String) throws -> JSON {
        let file = packageRoot.appending(path: "events/\(sample).json")
        let event = try #require(JSON([UInt8](Data(contentsOf: file))))
        return RecordedRequest.renewed(event, signer: signer) ?? event
    }

    /// The programs that reach AWS by TLS: one finds the host in its /etc/hosts, the other asks the name server.
    private static func endpoints(_ roots: ZipRoots, _ host: String) -> [String: String] {
        ["verify-signature": roots.url("hosts.eu-west-1.amazonaws.com"), "order-status": roots.url(host)]
    }

    private static func harness(_ roots: ZipRoots, trustsAuthority: Bool) throws -> EndToEndHarness {
        for (function, _, _) in samples {
            let task = try roots.unpack(function)
            if trustsAuthority || function == "recover-orders" { try roots.trustAuthority(in: task) }
            if !trustsAuthority && function == "provision-order" {
                let bootstrap = task.appending(path: "bootstrap")
                try FileManager.default.removeItem(at: bootstrap)
                try FileManager.default.copyItem(
                    at: URL(fileURLWithPath: BuiltPrograms.directory).appending(path: function), to: bootstrap)
            }
        }
        let harness = try EndToEndHarness(signer: signer) {
            $0.programs = roots.programs
            for (function, url) in endpoints(
                roots, trustsAuthority ? "dns.eu-west-1.amazonaws.com" : "nobody.eu-west-1.amazonaws.com")
            {
                $0.environment[function] = ["AWS_ENDPOINT_URL": url]
            }
            if !trustsAuthority {
                $0.environment["recover-orders"] = ["AWS_ENDPOINT_URL": roots.url("other.eu-west-1.amazonaws.com")]
            }
        }
        try roots.forward(to: harness.testbed.addresses.aws)
        try harness.storeWebhookSecret(signer.secret)
        return harness
    }
}
