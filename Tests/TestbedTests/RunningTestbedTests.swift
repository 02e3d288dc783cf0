import AWS
import Foundation
import HTTP
import JSON
import Testing

@testable import Testbed

/// The stack with the bootstrap in the place of every program: what is tested is the road between them.
@Suite(.serialized) struct LambdaStackTests {
    /// A directory where each program's name leads to the bootstrap.
    private static func programs() throws -> String {
        let directory = Scratch.directory("programs-\(UUID().uuidString)")
        let names = ["verify-signature", "provision-order", "refresh-sf-token", "recover-orders", "order-status"]
        for name in names {
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/\(name)", withDestinationPath: Bootstrap.path)
        }
        return directory
    }

    private static func configuration() throws -> Stack.Configuration {
        var configuration = Stack.Configuration(projectRoot: projectRoot, programs: try programs())
        configuration.gatewayPort = 0
        configuration.timeScale = 0
        configuration.runsSchedules = false
        return configuration
    }

    /// Waits until `body` has something to say.
    private func eventually<Value>(_ body: () throws -> Value?) throws -> Value {
        let patience = Date(timeIntervalSinceNow: 20)
        while Date() < patience {
            if let value = try body() { return value }
            usleep(20_000)
        }
        throw Stack.Failure("It did not happen in time.")
    }

    @Test func carriesEventsFromTheBusesToTheFunctionAndTheRestToTheQueue() throws {
        let stack = try Stack.start(Self.configuration())
        defer { stack.stop() }

        try stack.putEvent(
            source: "salesforce.orders", detailType: "OrderProvisionRequested", detail: ["orderId": "801"])
        let event = try eventually { stack.eventsDelivered(to: "provision-order").first }
        #expect(event["detail"] == ["orderId": "801"])
        #expect(event["account"] == "123456789012")
        #expect(event["source"] == "salesforce.orders")

        let source = Stack.salesforceEventSource
        try stack.putEvent(
            source: source, detailType: "OrderProvisionRequested__e", detail: ["payload": [:]], bus: source)
        _ = try eventually { stack.eventsDelivered(to: "provision-order").dropFirst().first }

        try stack.putEvent(source: "somebody.else", detailType: "OrderProvisionRequested", detail: [:])
        try stack.fireSchedules(of: "refresh-sf-token")
        _ = try eventually { stack.journal.lines(of: "refresh-sf-token").first }
        #expect(stack.eventsDelivered(to: "provision-order").count == 2)

        try stack.send(["do": "error"], to: "provision-order")
        let queue = try #require(stack.function("provision-order").definition.onFailureQueueUrl)
        let leftover = try eventually { try stack.drain(queue: queue).first }
        #expect(leftover["requestPayload"] == ["do": "error"])
        #expect(leftover["requestContext"]?["condition"] == "RetriesExhausted")
    }

    @Test func givesFunctionsWhatTheTemplateSays() throws {
        var configuration = try Self.configuration()
        configuration.parameters["RetryDelay"] = "7"
        configuration.environment["provision-order"] = ["MAX_ATTEMPTS": "3"]
        let stack = try Stack.start(configuration)
        let environment = try stack.invoke("provision-order", [:]).json["environment"]
        #expect(environment?["RETRY_DELAY"] == "7")
        #expect(environment?["MAX_ATTEMPTS"] == "3")
        #expect(environment?["WHMCS_API_URL"]?.string == stack.whmcs.apiURL)
        #expect(environment?["LEDGER_TABLE"]?.string == stack.resources.table)
        #expect(environment?["AWS_ENDPOINT_URL_LAMBDA"]?.string == stack.addresses.lambda)

        let secrets = try ParameterStore(AWS.Account(stack.environment), .live()).get([
            "/orders/salesforce/webhook-secret", "/orders/salesforce/private-key", "/orders/whmcs/credentials",
        ])
        #expect(secrets["/orders/salesforce/webhook-secret"] == LocalSecrets.webhook)
        #expect(secrets["/orders/salesforce/private-key"]?.contains("PRIVATE KEY") == true)
        #expect(secrets["/orders/whmcs/credentials"]?.contains("identifier") == true)

        let url = stack.addresses.gateway + "/orders/801Dn0000014UPaIAM/fulfill"
        let answer = try HTTPClient.live().send(
            Request("POST", url, body: Array("{}".utf8), timeout: 20_000, isIdempotent: false))
        #expect(JSON(answer.body)?["event"]?["pathParameters"] == ["sfOrderId": "801Dn0000014UPaIAM"])

        let renamed = try AWS.Function(
            stack.function("refresh-sf-token").definition.functionName, AWS.Account(stack.environment), .live()
        ).invoke(["do": "echo"])
        #expect(renamed["event"] == ["do": "echo"])

        let pid = try #require(try stack.invoke("order-status", [:]).json["pid"]?.integer)
        stack.stop()
        stack.stop()
        #expect(kill(pid_t(pid), 0) == -1)
        #expect((try? HTTPClient.live().send(Request("GET", stack.addresses.aws, isIdempotent: false))) == nil)
    }

    @Test func saysWhatIsMissing() throws {
        #expect(throws: Stack.Failure("/nowhere/.local/venv has no moto_server: run ./deploy/try, which installs it."))
        {
            try Stack.start(Stack.Configuration(projectRoot: "/nowhere"))
        }
        #expect(throws: Stack.Failure.self) { try Stack.Configuration.findProjectRoot(from: "/") }
        #expect(try Stack.Configuration.findProjectRoot(from: projectRoot + "/Sources/Testbed") == projectRoot)
    }

    @Test func saysWhichProgramIsNotBuilt() throws {
        var configuration = try Self.configuration()
        try FileManager.default.removeItem(atPath: configuration.programs + "/order-status")
        configuration.gatewayPort = 0
        let failure = #expect(throws: Stack.Failure.self) { try Stack.start(configuration) }
        #expect(failure?.description == "Not built: order-status in \(configuration.programs). Run swift build.")
    }

    @Test func saysThatThePortIsTaken() throws {
        let server = try LoopbackServer { _ in .drop }
        defer { server.stop() }
        var configuration = try Self.configuration()
        configuration.gatewayPort = server.port
        let failure = #expect(throws: Stack.Failure.self) { try Stack.start(configuration) }
        #expect(failure?.description.hasPrefix("Port \(server.port) on 127.0.0.1 can't be had") == true)
    }

    @Test func invokesAgainstTheRunningStack() throws {
        let home = Scratch.directory("home")
        let stack = try Stack.start(Self.configuration())
        defer { stack.stop() }
        try stack.addresses.write(in: home)
        let printed = Monitor<[String]>([])
        let command = InvokeCommand(
            projectRoot: home, programs: "/nowhere", function: "verify-signature",
            file: projectRoot + "/events/fulfill.json", asIs: false,
            print: { line in printed.with { $0.append(line) } },
            note: { _ in })
        #expect(try command.run())
        let event = printed.with { $0.first }.flatMap { JSON(Array($0.utf8)) }?["event"]
        #expect(event?["rawPath"] == "/orders/801Dn0000014UPaIAM/fulfill")
        #expect(event?["headers"]?["x-sf-nonce"] != (try sample("fulfill.json"))["headers"]?["x-sf-nonce"])
        Stack.Addresses.remove(in: home)
        #expect(Stack.Addresses.read(in: home) == nil)
    }
}
