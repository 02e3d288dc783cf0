import AWS
import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@testable import Testbed

/// The testbed with a scripted function in place of every program.
@Suite(.serialized) struct RunningTestbedTests {
    private let programs: TemporaryDirectory

    init() throws {
        programs = try TemporaryDirectory()
        for name in try TemplateResources.functionNames(projectRoot: packageRoot.path) {
            try FileManager.default.createSymbolicLink(
                atPath: program(name), withDestinationPath: ScriptedFunction.path)
        }
    }

    private func program(_ name: String) -> String { programs.url.appending(path: name).path }

    private var configuration: TestbedConfiguration {
        var configuration = TestbedConfiguration(projectRoot: packageRoot.path, programs: programs.url.path)
        configuration.gatewayPort = 0
        configuration.timeScale = 0
        configuration.runsSchedules = false
        return configuration
    }

    /// Polls until `body` returns a value.
    private func poll<Value>(_ body: () throws -> Value?) throws -> Value {
        let deadline = Date(timeIntervalSinceNow: 20)
        while Date() < deadline {
            if let value = try body() { return value }
            usleep(20_000)
        }
        throw TestbedFailure("It did not happen in time.")
    }

    /// The events that the scripted function of that program has received.
    private func received(_ name: String, _ testbed: RunningTestbed) -> [JSON] {
        testbed.journal.lines(of: name).compactMap { line in
            line.hasPrefix("received ") ? JSON(Array(line.dropFirst("received ".count).utf8)) : nil
        }
    }

    @Test("Events of both buses reach the order queue and its function; those of others do not")
    func deliversOrders() throws {
        let testbed = try RunningTestbed.start(configuration)
        defer { testbed.stop() }
        let relay = RunningTestbed.salesforceEventSource
        for (source, type, bus) in [
            ("somebody.else", "OrderProvisionRequested", nil), ("salesforce.orders", "OrderProvisionRequested", nil),
            (relay, "OrderProvisionRequested__e", relay),
        ] {
            try testbed.putEvent(source: source, detailType: type, detail: ["orderId": "801"], bus: bus)
        }
        let events = try poll {
            let events = received("provision-order", testbed)
            return events.count >= 2 && testbed.isIdle ? events : nil
        }
        let records = events.flatMap { $0["Records"]?.array ?? [] }
        let mapping = try #require(testbed.function("provision-order").definition.queueMappings.first)
        #expect(records.count == 2 && records.allSatisfy { $0["eventSourceARN"]?.string == mapping.queueArn })
        let bodies = records.compactMap { JSON(Array(($0["body"]?.string ?? "").utf8)) }
        #expect(Set(bodies.compactMap { $0["source"]?.string }) == ["salesforce.orders", relay])
        #expect(bodies.allSatisfy { $0["detail"] == ["orderId": "801"] && $0["account"] == "123456789012" })
    }

    @Test("Events of schedules and of rules reach their functions, and failed ones the dead-letter queue")
    func deliversEvents() throws {
        let testbed = try RunningTestbed.start(configuration)
        defer { testbed.stop() }
        try testbed.fireSchedules(of: "refresh-sf-token")
        try testbed.putEvent(
            source: "aws.ssm", detailType: "Parameter Store Policy Action",
            detail: [
                "parameter-name": .string(testbed.addresses.accessTokenParameter),
                "policy-type": "NoChangeNotification",
            ], bus: "default")
        let events = try poll {
            let events = received("refresh-sf-token", testbed)
            return events.count == 2 ? events : nil
        }
        #expect(Set(events.compactMap { $0["source"]?.string }) == ["aws.scheduler", "aws.ssm"])
        #expect(events.allSatisfy { $0["account"] == "123456789012" })

        try testbed.send(["do": "error"], to: "recover-orders")
        let queue = try #require(testbed.function("recover-orders").definition.onFailureQueueUrl)
        let deadLetter = try poll { try testbed.drain(queue: queue).first }
        #expect(deadLetter["requestPayload"] == ["do": "error"])
        #expect(deadLetter["requestContext"]?["condition"] == "RetriesExhausted")
    }

    @Test("Functions have the template's variables, secrets and routes, and nothing outlives the testbed")
    func hostsTheTemplatesFunctions() throws {
        var configuration = configuration
        configuration.parameters["RetryDelay"] = "7"
        configuration.environment["provision-order"] = ["MAX_ATTEMPTS": "3"]
        let testbed = try RunningTestbed.start(configuration)
        let environment = try testbed.invoke("provision-order", [:]).json["environment"]
        #expect(environment?["RETRY_DELAY"] == "7")
        #expect(environment?["MAX_ATTEMPTS"] == "3")
        #expect(environment?["WHMCS_API_URL"]?.string == testbed.whmcs.apiURL)
        #expect(environment?["LEDGER_TABLE"]?.string == testbed.resources.table)
        #expect(environment?["AWS_ENDPOINT_URL_LAMBDA"]?.string == testbed.addresses.lambda)

        let names = try ["SF_WEBHOOK_SECRET_PARAMETER", "SF_PRIVATE_KEY_PARAMETER", "WHMCS_CREDENTIALS_PARAMETER"]
            .map { try testbed.resources.value(of: $0) }
        let secrets = try ParameterStore(AWS.Account(testbed.environment), .live()).get(names)
        #expect(secrets[names[0]] == TestbedSecrets.webhook)
        #expect(secrets[names[1]]?.contains("PRIVATE KEY") == true)
        #expect(secrets[names[2]]?.contains("identifier") == true)

        let url = testbed.addresses.gateway + "/orders/801Dn0000014UPaIAM/fulfill"
        let answer = try HTTPClient.live().send(
            Request("POST", url, body: Array("{}".utf8), timeout: 20_000, isIdempotent: false))
        #expect(JSON(answer.body)?["event"]?["pathParameters"] == ["sfOrderId": "801Dn0000014UPaIAM"])

        let byFunctionName = try AWS.Function(
            testbed.function("refresh-sf-token").definition.functionName, AWS.Account(testbed.environment), .live()
        ).invoke(["do": "echo"])
        #expect(byFunctionName["event"] == ["do": "echo"])

        let pid = try #require(try testbed.invoke("order-status", [:]).json["pid"]?.integer)
        testbed.stop()
        testbed.stop()
        #expect(kill(pid_t(pid), 0) == -1)
        #expect((try? HTTPClient.live().send(Request("GET", testbed.addresses.aws, isIdempotent: false))) == nil)
    }

    @Test("Without moto or a template the testbed says what is missing")
    func reportsAMissingInstallation() throws {
        #expect(
            throws: TestbedFailure("/nowhere/.local/venv has no moto_server: run deploy/try, which installs it.")
        ) {
            try RunningTestbed.start(TestbedConfiguration(projectRoot: "/nowhere"))
        }
        #expect(throws: TestbedFailure.self) { try TestbedConfiguration.findProjectRoot(from: "/") }
        let root = packageRoot.path
        #expect(try TestbedConfiguration.findProjectRoot(from: root + "/Sources/Testbed") == root)
    }

    @Test("A program that is not built is reported")
    func reportsAMissingProgram() throws {
        try FileManager.default.removeItem(atPath: program("order-status"))
        let failure = #expect(throws: TestbedFailure.self) { try RunningTestbed.start(configuration) }
        #expect(failure?.description == "Not built: order-status in \(programs.url.path). Run swift build.")
    }

    @Test("A gateway port in use is reported")
    func reportsAPortInUse() throws {
        let server = try LoopbackServer { _ in .drop }
        defer { server.stop() }
        var configuration = configuration
        configuration.gatewayPort = server.port
        let failure = #expect(throws: TestbedFailure.self) { try RunningTestbed.start(configuration) }
        #expect(failure?.description.hasPrefix("The gateway cannot listen on port \(server.port)") == true)
    }

    @Test("`testbed invoke` uses the running testbed")
    func invokesOnTheRunningTestbed() throws {
        let home = try TemporaryDirectory()
        let testbed = try RunningTestbed.start(configuration)
        defer { testbed.stop() }
        try testbed.addresses.write(in: home.url.path)
        let printed = Recorder<String>()
        let command = InvokeCommand(
            projectRoot: home.url.path, programs: "/nowhere", function: "verify-signature",
            file: packageRoot.appending(path: "events/fulfill.json").path, asIs: false,
            print: { printed.append($0) }, note: { _ in })
        #expect(try command.run())
        let event = printed.values.first.flatMap { JSON(Array($0.utf8)) }?["event"]
        #expect(event?["rawPath"] == "/orders/801Dn0000014UPaIAM/fulfill")
        #expect(event?["headers"]?["x-sf-nonce"] != (try sampleEvent("fulfill.json"))["headers"]?["x-sf-nonce"])
        TestbedAddresses.remove(in: home.url.path)
        #expect(TestbedAddresses.read(in: home.url.path) == nil)
    }
}
