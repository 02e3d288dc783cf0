import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce
import TestSupport
import Testbed

@testable import Orders

/// provision-order in this process: a simulated AWS account, the simulators of Salesforce and WHMCS, and
/// refresh-sf-token behind a fake Lambda API.
final class ProvisioningHarness {
    let aws: SimulatedAccount
    let salesforce: SalesforceSimulator
    let whmcs: WHMCSSimulator
    let network = FakeHTTPClient.passingThrough()
    let log = LogLines()
    /// The events that refresh-sf-token was invoked with.
    let refreshes = Recorder<JSON>()
    private let lambda: LoopbackServer
    var lambdaURL: String { lambda.url }
    private var provisioning: Provisioning?
    private var invocations = 0

    private static let clientSecret = "client-secret"

    /// - Parameter values: replace or add variables of a valid configuration.
    init(_ values: [String: String] = [:]) throws {
        let aws = try SimulatedAccount()
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

    /// Starts a new process, through its init phase.
    func restart(_ values: [String: String] = [:]) throws {
        let environment = aws.environment(
            [
                "LEDGER_TABLE": aws.table, "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"),
                "SF_REFRESH_FUNCTION": "refresh-sf-token", "WHMCS_API_URL": whmcs.apiURL,
                "WHMCS_CREDENTIALS_PARAMETER": aws.parameter("whmcs"), "WHMCS_PAYMENT_METHOD": "mailin",
                "SF_PROVISIONABLE_STATUSES": "Approved",
            ].merging(values) { $1 }, with: ["LAMBDA": lambda.url])
        provisioning = try Provisioning.start(environment, network.client, log.log)
    }

    deinit {
        for stop in [lambda.stop, salesforce.stop, whmcs.stop] { stop() }
    }

    private static func lambda(_ aws: SimulatedAccount, loginURL: String, _ refreshes: Recorder<JSON>) throws
        -> LoopbackServer
    {
        var environment = Environment([
            "LEDGER_TABLE": aws.table, "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"),
            "SF_LOGIN_URL": loginURL, "SF_CLIENT_ID": "client-id",
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

    /// Puts the order into the ledger, as a request does, unless it is there.
    func accept(_ order: String = Seed.order) throws {
        let id = RecordID(order)?.text ?? order
        if try aws.order(id).isEmpty { try aws.set("order#\(id)", ["status": "Accepted"]) }
    }

    /// Runs the order's event as the order bus delivers it. The ledger knows the order.
    ///
    /// - Parameter time: how long the invocation may take.
    @discardableResult
    func run(_ order: String = Seed.order, time: Milliseconds = 120_000) throws -> JSON {
        try accept(order)
        return try deliver(
            [
                "id": "e", "source": "salesforce.orders", "detail-type": "OrderProvisionRequested",
                "detail": ["orderId": .string(order), "attempt": 1, "correlationId": "correlation-1"],
            ], time: time)
    }

    /// Runs the event again under the request id of the last invocation, as Lambda's retries do.
    func redeliver(_ order: String = Seed.order) throws -> JSON {
        invocations -= 1
        return try run(order)
    }

    /// Runs Salesforce's platform event with that id.
    ///
    /// - Parameters:
    ///   - time: of the delivery; nil for now.
    ///   - created: the payload's `CreatedDate`; nil for none.
    ///   - key: its `IdemKey__c`; nil for none.
    @discardableResult
    func runPlatformEvent(
        _ id: String, _ order: String = Seed.order, at time: Timestamp? = nil, created: JSON? = nil,
        key: String? = nil
    ) throws -> JSON {
        // The clock stands still otherwise, and no operator requests an order in the millisecond of its failure.
        network.now += 1
        return try deliver([
            "id": "e", "source": "aws.partner/salesforce.com/x/y", "detail-type": "OrderProvisionRequested__e",
            "time": .string((time ?? network.now).iso8601),
            "detail": [
                "id": .string(id),
                "payload": .object([
                    "OrderId__c": .string(order), "CreatedDate": created ?? .null, "IdemKey__c": .string(key),
                ]),
            ],
        ])
    }

    /// Runs an operator's request for a plan.
    func plan(_ order: String = Seed.order) throws -> JSON { try deliver(["plan": .string(order)]) }

    func deliver(_ event: JSON, time: Milliseconds = 120_000) throws -> JSON {
        invocations += 1
        let invocation = Invocation(
            requestID: "run-\(invocations)", deadline: network.now + time, payload: event.bytes)
        return try provisioning.flatMap { JSON(try $0.respond(to: invocation)) } ?? .null
    }

    /// Requests the order through verify-signature. Each request of an order has its own number.
    func request(_ number: Int = 1, _ order: String = Seed.order) throws {
        let harness = try WebhookHarness(aws: aws, network: network)
        let request = WebhookRequest(
            path: order, orderID: order, timestamp: String(network.now.seconds), nonce: "nonce-\(order)-\(number)",
            key: "key-\(order)-\(number)")
        let answer = try harness.send(request)
        guard answer.status == 202 else { throw SimulatedAccount.Unexpected(description: answer.text) }
    }

    /// Moves the clock to just after the order's due time.
    func waitUntilDue(_ order: String = Seed.order) throws {
        guard let dueAt = try ledger(order).dueAt else {
            throw SimulatedAccount.Unexpected(description: "the order is not due")
        }
        network.now = max(network.now, dueAt) + 1
    }

    /// Runs the order at its due time.
    @discardableResult
    func runWhenDue(_ order: String = Seed.order) throws -> JSON {
        try waitUntilDue(order)
        return try run(order)
    }

    /// Runs the order at each of its due times, until it is not due any more.
    func runWhileDue(_ order: String = Seed.order) throws {
        while try ledger(order).dueAt != nil { try runWhenDue(order) }
    }

    // MARK: State

    func ledger(_ order: String = Seed.order) throws -> LedgerOrder {
        guard let order = LedgerOrder(try aws.order(order)) else {
            throw SimulatedAccount.Unexpected(description: "the ledger has no such order")
        }
        return order
    }

    /// When the order's lease expires; nil when no run has it.
    func leaseUntil(_ order: String = Seed.order) throws -> Timestamp? {
        try aws.order(order)["leaseUntil"]?.timestamp
    }

    /// The logged steps with their outcomes: `validation done`.
    var steps: [String] {
        log.lines.filter { $0["message"] == "step" }.map { line in
            "\(line["step"]?.string ?? "") \(line["outcome"]?.string ?? "")"
        }
    }

    /// How often WHMCS received that action.
    func count(_ action: String) -> Int { whmcs.state.actions.count { $0 == action } }

    /// Adds an order of client 1234 to Salesforce.
    ///
    /// - Returns: its id.
    func addOrder(id: String? = nil, _ lines: [Seed.Line]) -> String {
        salesforce.update { $0.addOrder(id: id, account: Seed.account, lines: lines) }
    }

    /// A field of the order in Salesforce.
    func field(_ name: String, _ order: String = Seed.order) -> JSON {
        salesforce.record("Order", order)?[name] ?? .null
    }

    /// The WHMCS orders with the order's marker, lowest id first.
    func whmcsOrders(_ order: String = Seed.order) -> [WHMCSSimulator.Order] {
        whmcs.state.orders.filter { $0.notes.contains("sfOrderId=\(order)") }.sorted { $0.id < $1.id }
    }

    // MARK: Late and lost requests

    /// Sends the last matching request of the program once more: a slow server carries out what it did not answer.
    func carryOutLate(_ matches: (Request) -> Bool) throws {
        guard let request = network.requests.last(where: matches) else {
            throw SimulatedAccount.Unexpected(description: "the program sent no such request")
        }
        _ = try HTTPClient.live().send(request)
    }

    func carryOutAddOrderLate() throws { try carryOutLate { $0.whmcsAction == "AddOrder" } }

    /// Leaves the order in doubt: WHMCS neither carries AddOrder out nor answers it.
    ///
    /// - Parameter times: how many AddOrder calls end like this.
    func loseAddOrder(_ order: String = Seed.order, times: Int = 1) throws {
        whmcs.failNext(.dropBeforeActing, on: "AddOrder", times: times)
        try request(1, order)
        try run(order)
    }
}
