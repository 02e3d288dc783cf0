import Basics
import HTTP
import JSON
import Lambda
import TestSupport
import Testing

@testable import Orders

/// The init phase of each program.
@Suite struct ProgramStartTests {
    /// A program with a valid configuration, and what it requests at its start.
    struct ProgramStart: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var run: @Sendable (Environment, HTTPClient, Log) throws -> Void
        var values: [String: String]
        /// The parameters that it reads, if any, in one call.
        var parameters: [String]
        /// The hosts that it connects to.
        var preconnects: [String]

        var environment: Environment {
            let account = [
                "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
                "STACK_NAME": "orders",
            ]
            return Environment(account.merging(values) { $1 })
        }
    }

    private static let table = "dynamodb.eu-west-1.amazonaws.com"
    private static let bus = "events.eu-west-1.amazonaws.com"
    private static let store = "ssm.eu-west-1.amazonaws.com"
    private static let queue = "sqs.eu-west-1.amazonaws.com"
    private static let login = "acme.my.salesforce.com"

    private static let recovery = ["LEDGER_TABLE": "t", "EVENT_BUS_NAME": "b", "ORDER_QUEUE_URL": "q"]
    private static let refresh = [
        "LEDGER_TABLE": "t",
        "SF_ACCESS_TOKEN_PARAMETER": "/token", "SF_LOGIN_URL": "https://\(login)", "SF_CLIENT_ID": "c",
        "SF_USERNAME": "u",
    ]

    static let starts = [
        ProgramStart(
            testDescription: "verify-signature", run: { _ = try Webhook.start($0, $1, $2) },
            values: recovery.merging(["SF_WEBHOOK_SECRET_PARAMETER": "/secret"]) { $1 }, parameters: ["/secret"],
            preconnects: [table, bus]),
        ProgramStart(
            testDescription: "provision-order", run: { _ = try Provisioning.start($0, $1, $2) },
            values: [
                "LEDGER_TABLE": "t", "SF_ACCESS_TOKEN_PARAMETER": "/token", "SF_REFRESH_FUNCTION": "f",
                "WHMCS_API_URL": "https://billing.example.com/includes/api.php", "WHMCS_PAYMENT_METHOD": "mailin",
                "WHMCS_CREDENTIALS_PARAMETER": "/whmcs", "SF_PROVISIONABLE_STATUSES": "Approved",
            ], parameters: ["/whmcs", "/token"], preconnects: [table]),
        ProgramStart(
            testDescription: "refresh-sf-token", run: { _ = try TokenRefresh.start($0, $1, $2) },
            values: refresh.merging(["SF_PRIVATE_KEY_PARAMETER": "/key"]) { $1 }, parameters: ["/key"],
            preconnects: [login, table]),
        ProgramStart(
            testDescription: "refresh-sf-token with a secret", run: { _ = try TokenRefresh.start($0, $1, $2) },
            values: refresh.merging(["SF_AUTH_FLOW": "client-credentials", "SF_CLIENT_SECRET_PARAMETER": "/s"]) { $1 },
            parameters: ["/s"], preconnects: [login, table]),
        ProgramStart(
            testDescription: "refresh-sf-token with a file", run: { _ = try TokenRefresh.start($0, $1, $2) },
            values: refresh.merging(["SF_PRIVATE_KEY_PATH": "/key.pem"]) { $1 }, parameters: [],
            preconnects: [login, table, store]),
        ProgramStart(
            testDescription: "recover-orders", run: { _ = try Recovery.start($0, $1, $2) }, values: recovery,
            parameters: [], preconnects: [table, bus, queue]),
        ProgramStart(
            testDescription: "recover-orders with reconciliation", run: { _ = try Recovery.start($0, $1, $2) },
            values: recovery.merging([
                "SF_RECONCILE": "true", "SF_RECONCILE_SINCE": "2026-11-01", "SF_PROVISIONABLE_STATUSES": "Approved",
                "SF_ACCESS_TOKEN_PARAMETER": "/token",
                "SF_REFRESH_FUNCTION": "f",
            ]) { $1 }, parameters: ["/token"], preconnects: [table, bus, queue]),
        ProgramStart(
            testDescription: "order-status", run: { _ = try OrderStatus.start($0, $1, $2) },
            values: recovery.merging(["SF_WEBHOOK_SECRET_PARAMETER": "/secret"]) { $1 }, parameters: ["/secret"],
            preconnects: [table]),
    ]

    private static func parameters(_ names: [String]) -> Result<Response, HTTPFailure> {
        let values = names.map { JSON.object(["Name": .string($0), "Value": .string(WebhookRequest.secret)]) }
        return .success(Response(status: 200, body: JSON.object(["Parameters": .array(values)]).bytes))
    }

    @Test("A program reads its parameters and opens its connections in one batch", arguments: starts)
    func batch(_ start: ProgramStart) throws {
        let log = LogLines()
        let answers = start.parameters.isEmpty ? [] : [Self.parameters(start.parameters)]
        let http = FakeHTTPClient(answers + start.preconnects.map { _ in .answer(404) })
        try start.run(start.environment, http.client, log.log)
        #expect(http.batches == [http.requests.count])
        let read = http.requests.filter { $0.action == "GetParameters" }
        #expect(
            read.map { JSON($0.body)?["Names"] } == (answers.isEmpty ? [] : [.array(start.parameters.map(JSON.string))])
        )
        let opened = http.requests.filter { $0.action != "GetParameters" }
        #expect(
            opened.map { "\($0.method) \($0.url)" }.map(Self.withoutSlash)
                == start.preconnects.map { "HEAD https://\($0)" })
        #expect(read.allSatisfy { $0.timeout == 3_000 })
        // A preconnect carries no credentials.
        #expect(opened.allSatisfy { $0.isIdempotent && $0.headers.isEmpty && $0.body.isEmpty && $0.signature == nil })
        #expect(log.messages == [])
    }

    private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    @Test("A program with an invalid configuration sends nothing", arguments: starts)
    func invalidConfiguration(_ start: ProgramStart) throws {
        let http = FakeHTTPClient([])
        let environment = Environment(start.environment.values.merging(["AWS_REGION": ""]) { $1 })
        #expect(throws: FunctionError("Configuration", "AWS_REGION is not set")) {
            try start.run(environment, http.client, Log(write: { _ in }))
        }
        #expect(http.requests.isEmpty)
    }

    @Test("A program with an endpoint that is not AWS's sends nothing", arguments: starts)
    func foreignEndpoint(_ start: ProgramStart) throws {
        let http = FakeHTTPClient([])
        let name = "AWS_ENDPOINT_URL_SSM"
        let environment = Environment(start.environment.values.merging([name: "https://ssm.example"]) { $1 })
        let fault = "\(name) must be an https URL of AWS's own (amazonaws.com), or loopback"
        #expect(throws: FunctionError("Configuration", fault)) {
            try start.run(environment, http.client, Log(write: { _ in }))
        }
        #expect(http.requests.isEmpty)
    }

    /// verify-signature and order-status could answer no signed request. The other programs report it with the first event
    /// that needs it.
    @Test("A missing webhook secret stops a program, another missing parameter does not", arguments: starts)
    func missingParameter(_ start: ProgramStart) throws {
        let log = LogLines()
        let http = FakeHTTPClient([Self.parameters([])])
        http.before = { $0.method == "HEAD" ? .unreachable : nil }
        if start.parameters == ["/secret"] {
            #expect(throws: FunctionError.self) { try start.run(start.environment, http.client, log.log) }
        } else {
            try start.run(start.environment, http.client, log.log)
        }
        #expect(http.batches.count == 1)
        #expect(log.messages == [])
    }

    /// The first event reads the parameters again.
    @Test(
        "A program starts when AWS does not answer",
        arguments: starts,
        [
            .answer(400, #"{"__type":"AccessDeniedException"}"#), .answer(200, "<html>"), .answer(503),
            .failed(.notConnected, received: false), .failed(.broken, received: true),
        ] as [Result<Response, HTTPFailure>])
    func unavailable(_ start: ProgramStart, _ answer: Result<Response, HTTPFailure>) throws {
        let log = LogLines()
        let http = FakeHTTPClient(Array(repeating: answer, count: 12))
        try start.run(start.environment, http.client, log.log)
        #expect(log.lines.map { $0["level"] } == (start.parameters.isEmpty ? [] : ["WARN"]))
        #expect(log.messages.allSatisfy { $0 == "parameters not readable at init" })
        #expect(log.lines.allSatisfy { $0["error"]?.string?.hasPrefix("ssm GetParameters ") == true })
        // The parameters are retried, the connections are not.
        #expect(http.requests.count { $0.method == "HEAD" } == start.preconnects.count)
    }

    /// Lambda allows the init phase 10 s.
    @Test(
        "A start without answers takes at most 3 s",
        arguments: starts, [(HTTPFailure.Kind.timedOut, 60_000), (.broken, 800), (.broken, 2900)])
    func silence(_ start: ProgramStart, _ silence: (kind: HTTPFailure.Kind, time: Int)) throws {
        let http = FakeHTTPClient([])
        let began = http.now
        var client = http.client
        client.transport = { requests in
            http.now += Int(requests.map { min($0.timeout ?? .max, silence.time) }.max() ?? 0)
            return requests.map { _ in .failed(silence.kind, received: true) }
        }
        try start.run(start.environment, client, Log(write: { _ in }))
        #expect(http.now > began)
        #expect(http.now - began <= 3_000)
    }

    @Test("A program that does not exist is named") func unknownProgram() {
        let error = #expect(throws: FunctionError.self) {
            try startProgram("bill-orders", Environment([:]), FakeHTTPClient([]).client, Log(write: { _ in }))
        }
        #expect(error?.type == "UnknownProgram")
        #expect(error?.message == "no program is called bill-orders")
    }
}
