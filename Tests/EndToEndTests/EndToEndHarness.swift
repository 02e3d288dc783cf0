import Basics
import Foundation
import HTTP
import JSON
import Testbed
import Testing

/// A running testbed with the built programs, and what the tests do with it.
final class EndToEndHarness: Sendable {
    /// The testbed that most tests share. Each test brings an order and a client of its own.
    static let shared = Result {
        let harness = try EndToEndHarness()
        // This process ends without a deinit of static values.
        atexit(stopShared)
        return harness
    }

    let testbed: RunningTestbed
    /// Of every request.
    private let signer: WebhookSigner

    init(signer: WebhookSigner = WebhookSigner(), _ adjust: (inout TestbedConfiguration) -> Void = { _ in }) throws {
        var configuration = TestbedConfiguration(
            projectRoot: try TestbedConfiguration.findProjectRoot(from: #filePath), programs: BuiltPrograms.directory)
        configuration.gatewayPort = 0
        // Lambda retries at once.
        configuration.timeScale = 0
        configuration.runsSchedules = false
        configuration.parameters = ["RetryDelay": "1", "WhmcsQuietTime": "3600"]
        adjust(&configuration)
        testbed = try RunningTestbed.start(configuration)
        self.signer = signer
    }

    var http: HTTPClient { .live() }

    // MARK: The operator

    /// A WHMCS client, and the Salesforce account that names it.
    struct Customer {
        var client: Int
        var account: String
    }

    static let defaultLines = [Seed.Line(Seed.hosting), Seed.Line(Seed.setup, quantity: 2)]

    /// Adds an order that can be provisioned, for a client of its own, so that no other test's orders are in sight.
    func newOrder(
        lines: [Seed.Line] = defaultLines, clientStatus: String = "Active", payMethod: Bool = true
    ) -> (order: String, client: Int) {
        let customer = newCustomer(status: clientStatus, payMethod: payMethod)
        return (newOrder(of: customer, lines: lines), customer.client)
    }

    func newCustomer(status: String = "Active", payMethod: Bool = true) -> Customer {
        let client = testbed.whmcs.update { state in
            let id = (state.clients.map(\.id).max() ?? 0) + 1
            state.clients.append(WHMCSSimulator.Client(id: id, name: "Client \(id)", status: status))
            return id
        }
        if payMethod { testbed.whmcs.addPayMethod(client) }
        let account = testbed.salesforce.add(
            "Account", ["Name": "Client", "WH_Account__c": .string("#\(client) - Client")])
        return Customer(client: client, account: account)
    }

    func newOrder(of customer: Customer, lines: [Seed.Line] = defaultLines) -> String {
        testbed.salesforce.update { $0.addOrder(account: customer.account, lines: lines) }
    }

    /// Sends the order to the webhook, signed as Salesforce does it.
    @discardableResult
    func fulfill(
        _ order: String, key: String? = nil, nonce: String? = nil, signer: WebhookSigner? = nil
    ) throws -> Response {
        try http.send(
            SignedRequest(orderId: order, idempotencyKey: key, nonce: nonce, signer: signer ?? self.signer)
                .request(to: testbed.addresses.gateway, timeout: 30_000))
    }

    // MARK: The portal

    /// Signed, as a portal reads.
    func get(_ path: String) throws -> Response {
        try http.send(SignedRead(path, signer: signer).request(to: testbed.addresses.gateway, timeout: 30_000))
    }

    func status(_ order: String) throws -> JSON {
        JSON(try get("/orders/\(order)").body) ?? .null
    }

    /// Polls until the order has one of the statuses.
    @discardableResult
    func wait(_ order: String, until statuses: Set<String> = ["Provisioned", "Failed"], attempt: Int = 1) throws
        -> JSON
    {
        try poll("\(order) to be \(statuses)") {
            let status = try self.status(order)
            let isReached =
                status["attempt"]?.integer == attempt && statuses.contains(status["status"]?.stringOrNumber ?? "")
            return isReached ? status : nil
        }
    }

    /// Polls until `look` returns a value. Fails the test after half a minute.
    func poll<Value>(_ goal: String, _ look: () throws -> Value?) throws -> Value {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline {
            if let value = try look() { return value }
            usleep(20_000)
        }
        let log = testbed.journal.lines.filter { $0.source != "gateway" }.suffix(30)
            .map { "\($0.source) | \($0.text)" }.joined(separator: "\n")
        throw TimedOut(description: "no \(goal) within 30 s; the last lines of the log:\n\(log)")
    }

    struct TimedOut: Error, CustomStringConvertible {
        var description: String
    }

    // MARK: The results

    func salesforceOrder(_ order: String) throws -> [String: JSON] {
        try #require(testbed.salesforce.record("Order", order))
    }

    func whmcsOrders(_ client: Int) -> [WHMCSSimulator.Order] {
        testbed.whmcs.state.orders.filter { $0.clientId == client }
    }

    /// A program's log lines.
    func log(_ program: String) -> [JSON] {
        testbed.journal.lines(of: program).compactMap { JSON(Array($0.utf8)) }
    }
}

private func stopShared() {
    try? EndToEndHarness.shared.get().testbed.stop()
}
