import Basics
import HTTP
import JSON
import Lambda
import TestSupport
import Testing

@testable import Orders

/// What the programs do before their first event, and what stops them there.
@Suite struct StartTests {
    /// One program with a good configuration, and what it asks for at its start.
    struct Start: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var run: @Sendable (Environment, HTTPClient, Log) throws -> Void
        var values: [String: String]
        /// The parameters it reads; none is no call.
        var parameters: [String]
        /// The hosts it opens a connection to.
        var preconnects: [String]

        var environment: Environment {
            let account = ["AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"]
            return Environment(account.merging(values) { $1 })
        }
    }

    private static let table = "dynamodb.eu-west-1.amazonaws.com"
    private static let bus = "events.eu-west-1.amazonaws.com"
    private static let store = "ssm.eu-west-1.amazonaws.com"
    private static let login = "acme.my.salesforce.com"

    private static let recovery = ["LEDGER_TABLE": "t", "EVENT_BUS_NAME": "b"]
    private static let refresh = [
        "SF_ACCESS_TOKEN_PARAMETER": "/token", "SF_LOGIN_URL": "https://\(login)", "SF_CLIENT_ID": "c",
        "SF_USERNAME": "u",
    ]

    static let starts = [
        Start(
            testDescription: "verify-signature", run: { _ = try Webhook.start($0, $1, $2) },
            values: recovery.merging(["SF_WEBHOOK_SECRET_PARAMETER": "/secret"]) { $1 }, parameters: ["/secret"],
            preconnects: [table, bus]),
        Start(
            testDescription: "provision-order", run: { _ = try Provisioning.start($0, $1, $2) },
            values: [
                "LEDGER_TABLE": "t", "SF_ACCESS_TOKEN_PARAMETER": "/token", "SF_REFRESH_FUNCTION": "f",
                "WHMCS_API_URL": "https://billing.example.com/includes/api.php", "WHMCS_PAYMENT_METHOD": "mailin",
                "WHMCS_CREDENTIALS_PARAMETER": "/whmcs",
            ], parameters: ["/whmcs", "/token"], preconnects: [table]),
        Start(
            testDescription: "refresh-sf-token", run: { _ = try TokenRefresh.start($0, $1, $2) },
            values: refresh.merging(["SF_PRIVATE_KEY_PARAMETER": "/key"]) { $1 }, parameters: ["/key"],
            preconnects: [login]),
        Start(
            testDescription: "refresh-sf-token with a secret", run: { _ = try TokenRefresh.start($0, $1, $2) },
            values: refresh.merging(["SF_AUTH_FLOW": "client-credentials", "SF_CLIENT_SECRET_PARAMETER": "/s"]) { $1 },
            parameters: ["/s"], preconnects: [login]),
        Start(
            testDescription: "refresh-sf-token with a file", run: { _ = try TokenRefresh.start($0, $1, $2) },
            values: refresh.merging(["SF_PRIVATE_KEY_PATH": "/key.pem"]) { $1 }, parameters: [],
            preconnects: [login, store]),
        Start(
            testDescription: "recover-orders", run: { _ = try Recovery.start($0, $1, $2) }, values: recovery,
            parameters: [], preconnects: [table, bus]),
        Start(
            testDescription: "recover-orders that asks Salesforce", run: { _ = try Recovery.start($0, $1, $2) },
            values: recovery.merging([
                "SF_RECONCILE": "true", "SF_PROVISIONABLE_STATUSES": "Approved", "SF_ACCESS_TOKEN_PARAMETER": "/token",
                "SF_REFRESH_FUNCTION": "f",
            ]) { $1 }, parameters: ["/token"], preconnects: [table, bus]),
        Start(
            testDescription: "order-status", run: { _ = try OrderStatus.start($0, $1, $2) },
            values: recovery.merging(["SF_ACCESS_TOKEN_PARAMETER": "/token"]) { $1 }, parameters: [],
            preconnects: [table]),
    ]

    private static func parameters(_ names: [String]) -> Result<Response, HTTPFailure> {
        let values = names.map { JSON.object(["Name": .string($0), "Value": "value"]) }
        return .success(Response(status: 200, body: JSON.object(["Parameters": .array(values)]).bytes))
    }

    /// Whatever a server says to a request for nothing.
    @Test(arguments: starts) func everythingIsAskedForAtOnce(_ start: Start) throws {
        let log = LogLines()
        let answers = start.parameters.isEmpty ? [] : [Self.parameters(start.parameters)]
        let canned = CannedTransport(answers + start.preconnects.map { _ in .answer(404) })
        try start.run(start.environment, canned.client, log.log)
        #expect(canned.batches == [canned.requests.count])
        let read = canned.requests.filter { $0.action == "GetParameters" }
        #expect(
            read.map { JSON($0.body)?["Names"] } == (answers.isEmpty ? [] : [.array(start.parameters.map(JSON.string))])
        )
        let opened = canned.requests.filter { $0.action != "GetParameters" }
        #expect(
            opened.map { "\($0.method) \($0.url)" }.map(Self.withoutSlash)
                == start.preconnects.map { "HEAD https://\($0)" })
        // One that is kept, and no secret with it.
        #expect(opened.allSatisfy { $0.isIdempotent && $0.headers.isEmpty && $0.body.isEmpty && $0.signature == nil })
        #expect(log.messages == [])
    }

    private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    @Test(arguments: starts) func faultsOfTheConfigurationAreToldBefore(_ start: Start) throws {
        let canned = CannedTransport([])
        let environment = Environment(start.environment.values.merging(["AWS_REGION": ""]) { $1 })
        #expect(throws: FunctionError("Configuration", "AWS_REGION is not set")) {
            try start.run(environment, canned.client, Log(write: { _ in }))
        }
        #expect(canned.requests.isEmpty)
    }

    /// Only verify-signature can do nothing without: the others' events say what is missing, if they need it.
    @Test(arguments: starts) func aParameterThatIsNotThereStopsOnlyWhoIsOfNoUseWithout(_ start: Start) throws {
        let log = LogLines()
        let canned = CannedTransport([Self.parameters([])])
        if start.testDescription == "verify-signature" {
            #expect(throws: FunctionError.self) { try start.run(start.environment, canned.client, log.log) }
        } else {
            try start.run(start.environment, canned.client, log.log)
        }
        #expect(canned.batches.count == 1)
        #expect(log.messages == [])
    }

    /// The first event asks again, and knows what to answer when it is in vain.
    @Test(
        arguments: starts,
        [
            .answer(400, #"{"__type":"AccessDeniedException"}"#), .answer(200, "<html>"), .answer(503),
            .failed(.notConnected, received: false), .failed(.broken, received: true),
        ] as [Result<Response, HTTPFailure>])
    func whatCannotBeHadNowStopsNobody(_ start: Start, _ answer: Result<Response, HTTPFailure>) throws {
        let log = LogLines()
        let canned = CannedTransport(Array(repeating: answer, count: 12))
        try start.run(start.environment, canned.client, log.log)
        #expect(log.lines.map { $0["level"] } == (start.parameters.isEmpty ? [] : ["WARN"]))
        #expect(log.messages.allSatisfy { $0 == "parameters not readable at init" })
        #expect(log.lines.allSatisfy { $0["error"]?.string?.hasPrefix("ssm GetParameters ") == true })
        // Connections are tried once, whatever becomes of the parameters.
        #expect(canned.requests.count { $0.method == "HEAD" } == start.preconnects.count)
    }

    /// Lambda gives a start ten seconds.
    @Test(arguments: starts, [(HTTPFailure.Kind.timedOut, 60_000), (.broken, 800), (.broken, 2900)])
    func whoDoesNotAnswerTakesThreeSecondsAtTheMost(_ start: Start, _ silence: (kind: HTTPFailure.Kind, time: Int))
        throws
    {
        let canned = CannedTransport([])
        let began = canned.now
        var client = canned.client
        client.transport = { requests in
            canned.now += Int(requests.map { min($0.timeout ?? .max, silence.time) }.max() ?? 0)
            return requests.map { _ in .failed(silence.kind, received: true) }
        }
        try start.run(start.environment, client, Log(write: { _ in }))
        #expect(canned.now > began)
        #expect(canned.now - began <= 3_000)
    }
}
