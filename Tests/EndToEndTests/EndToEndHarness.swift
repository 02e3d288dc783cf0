import AWS
import Basics
import Crypto
import Foundation
import HTTP
import JSON
import Orders
import Testbed
import Testing

/// One running stack with the built programs, shared by all end-to-end tests; each brings an order of its own.
final class World: Sendable {
    static let shared = Result {
        let world = try World()
        // The tests' process ends without a deinit of what is static.
        atexit(stopShared)
        return world
    }

    let stack: Stack

    init(_ adjust: (inout Stack.Configuration) -> Void = { _ in }) throws {
        var configuration = Stack.Configuration(
            projectRoot: try Stack.Configuration.findProjectRoot(from: #filePath), programs: Programs.directory)
        configuration.gatewayPort = 0
        // What Lambda tries again, it tries at once.
        configuration.timeScale = 0
        configuration.runsSchedules = false
        configuration.parameters = ["RetryDelay": "1", "WhmcsQuietTime": "3600"]
        adjust(&configuration)
        stack = try Stack.start(configuration)
    }

    var http: HTTPClient { .live() }

    // MARK: As the operator

    /// An order that can be provisioned, for a client of its own so that no other test's orders are in sight.
    func newOrder(
        lines: [Seed.Line] = [Seed.Line(Seed.hosting), Seed.Line(Seed.setup, quantity: 2)],
        clientStatus: String = "Active",
        payMethod: Bool = true
    ) -> (order: String, client: Int) {
        let customer = newCustomer(status: clientStatus, payMethod: payMethod)
        return (newOrder(of: customer, lines: lines), customer.client)
    }

    /// A WHMCS client, and the Salesforce account that names it.
    struct Customer {
        var client: Int
        var account: String
    }

    func newCustomer(status: String = "Active", payMethod: Bool = true) -> Customer {
        let client = stack.whmcs.update { state in
            let id = (state.clients.map(\.id).max() ?? 0) + 1
            state.clients.append(WHMCSSimulator.Client(id: id, name: "Client \(id)", status: status))
            return id
        }
        if payMethod { _ = stack.whmcs.addPayMethod(client) }
        let account = stack.salesforce.add(
            "Account", ["Name": "Client", "WH_Account__c": .string("#\(client) - Client")])
        return Customer(client: client, account: account)
    }

    func newOrder(
        of customer: Customer, lines: [Seed.Line] = [Seed.Line(Seed.hosting), Seed.Line(Seed.setup, quantity: 2)]
    ) -> String {
        stack.salesforce.update { $0.addOrder(account: customer.account, lines: lines) }
    }

    /// Clicks the button: signs and sends as Salesforce would.
    @discardableResult
    func click(
        _ order: String, key: String = UUID().uuidString, nonce: String = UUID().uuidString,
        secret: String = LocalSecrets.webhook
    ) throws -> Response {
        let timestamp = Timestamp.now().iso8601
        let body = JSON.object([
            "orderId": .string(order), "timestamp": .string(timestamp), "nonce": .string(nonce),
        ]).bytes
        return try http.send(
            Request(
                "POST", "\(stack.addresses.gateway)/orders/\(order)/fulfill",
                headers: [
                    Header("Content-Type", "application/json"), Header("Idempotency-Key", key),
                    Header("X-SF-Signature", hex(hmacSHA256(key: Array(secret.utf8), message: body))),
                    Header("X-SF-Timestamp", timestamp), Header("X-SF-Nonce", nonce),
                ], body: body, timeout: 30_000, isIdempotent: false))
    }

    // MARK: As the portal

    func get(_ path: String) throws -> Response {
        try http.send(Request("GET", stack.addresses.gateway + path, timeout: 30_000, isIdempotent: true))
    }

    func status(_ order: String) throws -> JSON {
        JSON(try get("/orders/\(order)").body) ?? .null
    }

    /// Polls until the order's status is one of those; fails the test when that takes half a minute.
    @discardableResult
    func wait(_ order: String, until statuses: Set<String> = ["Provisioned", "Failed"], attempt: Int = 1) throws
        -> JSON
    {
        try poll("\(order) to be \(statuses)") {
            let status = try self.status(order)
            let isThere =
                status["attempt"]?.integer == attempt && statuses.contains(status["status"]?.stringOrNumber ?? "")
            return isThere ? status : nil
        }
    }

    func poll<Value>(_ what: String, _ look: () throws -> Value?) throws -> Value {
        let patience = Date(timeIntervalSinceNow: 30)
        while Date() < patience {
            if let value = try look() { return value }
            usleep(20_000)
        }
        let last = stack.journal.lines.filter { $0.source != "gateway" }.suffix(30).map { "\($0.source) | \($0.text)" }
            .joined(separator: "\n")
        throw Impatience(description: "waited in vain for \(what); the last lines of the log:\n\(last)")
    }

    struct Impatience: Error, CustomStringConvertible {
        var description: String
    }

    // MARK: Behind the scenes

    func salesforceOrder(_ order: String) throws -> [String: JSON] {
        try #require(stack.salesforce.record("Order", order))
    }

    func whmcsOrders(_ client: Int) -> [WHMCSSimulator.Order] {
        stack.whmcs.state.orders.filter { $0.clientId == client }
    }

    /// The ledger's item of the order.
    func ledger(_ order: String) throws -> Table.Item {
        try #require(try ledgerItem(order))
    }

    /// Nil when the ledger does not know the order.
    func ledgerItem(_ order: String) throws -> Table.Item? {
        try Table(stack.resources.table, Account(stack.environment), http).get("order#\(order)")
    }

    var parameters: AWSService {
        AWSService(
            name: "ssm", identifier: "SSM", target: "AmazonSSM", version: "1.1", account: Account(stack.environment),
            http: http)
    }

    static let tokenName: JSON = "/orders/salesforce/access-token"

    func deleteToken() throws {
        _ = try parameters.call("DeleteParameters", ["Names": [Self.tokenName]])
        // A program that runs already keeps the token for minutes; Salesforce's no makes it look again.
        stack.salesforce.revokeTokens()
    }

    /// Puts the order's event on the bus again, as a recovery would.
    func announce(_ order: String) throws {
        try stack.putEvent(
            source: "salesforce.orders", detailType: "OrderProvisionRequested",
            detail: ["orderId": .string(order), "attempt": 1, "correlationId": "again"])
    }

    /// Log lines of a program, as JSON.
    func log(_ program: String) -> [JSON] {
        stack.journal.lines(of: program).compactMap { JSON(Array($0.utf8)) }
    }
}

private func stopShared() {
    try? World.shared.get().stack.stop()
}

enum Programs {
    /// Where `swift build` has put the programs: beside the tests themselves.
    static let directory = Bundle.main.bundleURL.path
}
