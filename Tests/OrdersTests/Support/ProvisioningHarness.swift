import AWS
import Basics
import HTTP
import JSON
import Lambda
import TestSupport
import Testbed

@testable import Orders

/// provision-order in this process, with everything around it: ledger and parameters in moto, Salesforce and WHMCS
/// played by the simulators, and the real refresh-sf-token behind a Lambda that runs it on demand.
final class ProvisioningHarness {
    let aws: MotoAccount
    let salesforce: SalesforceSimulator
    let whmcs: WHMCSSimulator
    let network = FakeNetwork()
    let log = LogLines()
    /// What refresh-sf-token was invoked with.
    let refreshes = Recorder<JSON>()
    private let lambda: LoopbackServer
    var lambdaURL: String { lambda.url }
    private var provisioning: Provisioning?
    private var invocations = 0

    private static let clientSecret = "client-secret"

    /// - Parameter values: set over the good configuration.
    init(_ values: [String: String] = [:]) throws {
        let aws = try MotoAccount()
        self.aws = aws
        salesforce = try SalesforceSimulator(
            app: .init(
                clientId: "client-id", username: "robot@example.com", clientSecret: ProvisioningHarness.clientSecret))
        whmcs = try WHMCSSimulator(identifier: "identifier", secret: "secret")
        try aws.put("whmcs", #"{"identifier":"identifier","secret":"secret"}"#)
        try aws.put("client-secret", ProvisioningHarness.clientSecret)
        lambda = try ProvisioningHarness.lambda(aws, loginURL: salesforce.url, refreshes)
        try restart(values)
    }

    /// A new process, through its whole start, with another configuration perhaps.
    func restart(_ values: [String: String] = [:]) throws {
        let environment = aws.environment(
            [
                "LEDGER_TABLE": aws.table, "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"),
                "SF_REFRESH_FUNCTION": "refresh-sf-token", "WHMCS_API_URL": whmcs.apiURL,
                "WHMCS_CREDENTIALS_PARAMETER": aws.parameter("whmcs"), "WHMCS_PAYMENT_METHOD": "mailin",
            ].merging(values) { $1 }, with: ["LAMBDA": lambda.url])
        provisioning = try Provisioning.start(environment, network.client, log.log)
    }

    deinit {
        for stop in [lambda.stop, salesforce.stop, whmcs.stop] { stop() }
    }

    private static func lambda(_ aws: MotoAccount, loginURL: String, _ refreshes: Recorder<JSON>) throws
        -> LoopbackServer
    {
        var environment = Environment([
            "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"), "SF_LOGIN_URL": loginURL,
            "SF_CLIENT_ID": "client-id",
            "SF_AUTH_FLOW": "client-credentials", "SF_CLIENT_SECRET_PARAMETER": aws.parameter("client-secret"),
        ])
        let settings = TokenRefresh.Settings(&environment)
        try environment.check()
        let account = aws.account
        return try LoopbackServer { request in
            guard request.path == "/2015-03-31/functions/refresh-sf-token/invocations" else {
                return .answer(status: 404)
            }
            refreshes.append(JSON(request.body) ?? .null)
            let refresh = TokenRefresh(settings, account, .live(), Log(write: { _ in }))
            let invocation = Invocation(
                requestID: "refresh", deadline: Timestamp.now() + 30_000, payload: request.body)
            do {
                return .json(200, try refresh.handle(invocation))
            } catch {
                let error = FunctionError(error)
                let body: JSON = ["errorType": .string(error.type), "errorMessage": .string(error.message)]
                return .answer(status: 200, headers: [("X-Amz-Function-Error", "Unhandled")], body: body.bytes)
            }
        }
    }

    // MARK: Events

    /// Runs the order's event as the order bus delivers it.
    @discardableResult
    func run(_ order: String = Seed.order, time: Milliseconds = 120_000) throws -> JSON {
        try deliver(
            [
                "id": "e", "source": "salesforce.orders", "detail-type": "OrderProvisionRequested",
                "detail": ["orderId": .string(order), "attempt": 1, "correlationId": "click"],
            ], time: time)
    }

    /// Runs the last order's event again under the request id it had.
    func redeliver(_ order: String = Seed.order) throws -> JSON {
        invocations -= 1
        return try run(order)
    }

    /// Runs Salesforce's platform event with that id.
    @discardableResult
    func runPlatformEvent(_ id: String, _ order: String = Seed.order, at time: Timestamp? = nil) throws -> JSON {
        // A clock stands still in these tests, and an operator does not click in the very ms of a failure.
        network.now += 1
        return try deliver([
            "id": "e", "source": "aws.partner/salesforce.com/x/y", "detail-type": "OrderProvisionRequested__e",
            "time": .string((time ?? network.now).iso8601),
            "detail": ["id": .string(id), "payload": ["OrderId__c": .string(order)]],
        ])
    }

    private func deliver(_ event: JSON, time: Milliseconds = 120_000) throws -> JSON {
        invocations += 1
        let invocation = Invocation(
            requestID: "run-\(invocations)", deadline: network.now + time, payload: event.bytes)
        return try provisioning.flatMap { JSON(try $0.handle(invocation)) } ?? .null
    }

    /// The operator clicks again, as verify-signature enters it.
    func request(_ order: String = Seed.order, _ click: Int) throws {
        let harness = try WebhookHarness(aws: aws, network: network)
        let sent = WebhookRequest(
            path: order, orderID: order, timestamp: String(network.now.seconds), nonce: "nonce-number-\(1000 + click)",
            key: "click-\(click)")
        let answer = try harness.send(sent)
        guard answer.status == 202 else { throw MotoAccount.Unexpected(description: answer.text) }
    }

    /// Lets time pass until the order is due.
    func waitUntilDue(_ order: String = Seed.order) throws {
        guard let dueAt = try aws.order(order)["dueAt"]?.timestamp else {
            throw MotoAccount.Unexpected(description: "nothing is due")
        }
        network.now = max(network.now, dueAt) + 1
    }

    /// Runs until nothing is due any more.
    func runOut(_ order: String = Seed.order) throws {
        while try ledger(order).dueAt != nil {
            try waitUntilDue(order)
            try run(order)
        }
    }

    // MARK: What came of it

    /// Until when a run has the order; nil when none has.
    func leaseUntil(_ order: String = Seed.order) throws -> Timestamp? {
        try aws.order(order)["leaseUntil"]?.timestamp
    }

    func ledger(_ order: String = Seed.order) throws -> LedgerOrder {
        guard let order = LedgerOrder(try aws.order(order)) else {
            throw MotoAccount.Unexpected(description: "the ledger has no such order")
        }
        return order
    }

    /// `validation done`, in the order of the log.
    var steps: [String] {
        log.lines.filter { $0["message"] == "step" }.map { line in
            "\(line["step"]?.string ?? "") \(line["outcome"]?.string ?? "")"
        }
    }

    func count(_ action: String) -> Int { whmcs.state.actions.count { $0 == action } }

    /// A field of the order in Salesforce.
    func field(_ name: String, _ order: String = Seed.order) -> JSON {
        salesforce.record("Order", order)?[name] ?? .null
    }

    /// Those that stand for the Salesforce order, lowest id first.
    func whmcsOrders(_ order: String = Seed.order) -> [WHMCSSimulator.Order] {
        whmcs.state.orders.filter { $0.notes.contains("sfOrderId=\(order)") }.sorted { $0.id < $1.id }
    }

    /// Carries the last such request out that the program has sent and nobody has answered: what a slow server does.
    func carryOut(_ isMeant: (Request) -> Bool) throws {
        guard let request = network.requests.last(where: isMeant) else {
            throw MotoAccount.Unexpected(description: "that was not sent")
        }
        _ = try HTTPClient.live().send(request)
    }

    func finishAddOrder() throws { try carryOut { $0.whmcsAction == "AddOrder" } }
}
