import AWS
import Foundation
import HTTP
import JSON

/// `testbed fulfill` sends an order as Salesforce would, and follows it to its final status.
public struct FulfillCommand {
    /// The way on which Salesforce's orders reach the suite.
    public enum Door: Sendable, Equatable {
        /// An operator has clicked: a signed request to the testbed.
        case click
        /// The order has been approved: a platform event, as Event Relay delivers it to the testbed.
        case event
        /// A signed request to a deployed stack.
        case deployed(url: String)
    }

    public var projectRoot: String
    public var orderId: String
    public var door: Door
    public var key: String?
    public var timeout: TimeInterval
    public var print: @Sendable (String) -> Void
    private let client = TestbedClient()

    public init(
        projectRoot: String, orderId: String, door: Door, key: String?, timeout: TimeInterval,
        print: @escaping @Sendable (String) -> Void
    ) {
        self.projectRoot = projectRoot
        self.orderId = orderId
        self.door = door
        self.key = key
        self.timeout = timeout
        self.print = print
    }

    /// Returns true when the order is provisioned. The last line printed is `Provisioned` or `Failed: CODE`.
    ///
    /// - Parameter secret: the webhook secret of a deployed stack.
    public func run(secret: String? = nil) throws(TestbedFailure) -> Bool {
        if case .deployed(let url) = door {
            guard let secret, !secret.isEmpty else {
                throw TestbedFailure("WEBHOOK_SECRET must hold the stack's webhook secret.")
            }
            return try run(Suite(gateway: url, signer: WebhookSigner(secret: secret)))
        }
        let addresses = try TestbedAddresses.ofRunning(in: projectRoot)
        return try run(Suite(gateway: addresses.gateway, signer: WebhookSigner(), addresses: addresses))
    }

    private struct Suite {
        var gateway: String
        var signer: WebhookSigner
        /// Nil for a deployed one.
        var addresses: TestbedAddresses?
    }

    private func run(_ suite: Suite) throws(TestbedFailure) -> Bool {
        let deadline = Date(timeIntervalSinceNow: timeout)
        if door == .event {
            try publish(suite)
        } else if let refusal = try send(suite) {
            return finish("Failed: \(refusal)")
        }
        let order = try follow(suite, until: deadline)
        if let addresses = suite.addresses {
            showWHMCS(addresses, order)
            showSalesforce(addresses)
            showToken(addresses)
        }
        switch order["status"]?.stringOrNumber {
        case "Provisioned": return finish("Provisioned")
        case "Failed": return finish("Failed: \(order["errorCode"]?.stringOrNumber ?? "UNKNOWN")")
        default: return finish("Failed: TIMEOUT")
        }
    }

    /// - Returns: the code of a refusal.
    private func send(_ suite: Suite) throws(TestbedFailure) -> String? {
        let signed = SignedRequest(orderId: orderId, idempotencyKey: key, signer: suite.signer)
        print("POST \(suite.gateway)\(signed.path)")
        let accepted = try client.send(signed.request(to: suite.gateway))
        print("\(accepted.status) \(accepted.text)")
        if [200, 202].contains(accepted.status) { return nil }
        return JSON(accepted.body)?["code"]?.stringOrNumber ?? "HTTP_\(accepted.status)"
    }

    private func publish(_ suite: Suite) throws(TestbedFailure) {
        guard let addresses = suite.addresses else { return }
        let account = AWS.Account(TestbedAccount.environment(endpoint: addresses.aws, lambda: addresses.lambda))
        print("\(PlatformEvent.type) of \(orderId) to the partner event bus")
        let event = PlatformEvent(orderId: orderId, idempotencyKey: key)
        if let failure = event.publish(account) { throw TestbedFailure("The event was not published: \(failure)") }
    }

    private func finish(_ line: String) -> Bool {
        print(line)
        return line == "Provisioned"
    }

    /// Prints every change of status and step, and returns the last answer.
    private func follow(_ suite: Suite, until deadline: Date) throws(TestbedFailure) -> JSON {
        var shown = ""
        while true {
            let read = SignedRead("/orders/\(orderId)", signer: suite.signer)
            let answer = try client.send(read.request(to: suite.gateway))
            let order = JSON(answer.body) ?? .null
            let status = order["status"]?.stringOrNumber ?? "\(answer.status) \(answer.text)"
            let line = [status, order["step"]?.stringOrNumber, order["errorCode"]?.stringOrNumber].compactMap { $0 }
                .joined(separator: " · ")
            // An event is not in the ledger at once.
            if line != shown, answer.status != 404 { print(line) }
            shown = line
            if ["Provisioned", "Failed"].contains(status) || Date() > deadline { return order }
            usleep(suite.addresses == nil ? 1_000_000 : 50_000)
        }
    }

    private func showWHMCS(_ addresses: TestbedAddresses, _ order: JSON) {
        let state = client.get(addresses.whmcs + "/_simulator/state").flatMap { JSON($0.body) }
        let orders = (state?["orders"]?.array ?? []).filter { $0["id"]?.integer == order["whmcsOrderId"]?.integer }
        if orders.isEmpty { print("WHMCS        no order") }
        for order in orders {
            print("WHMCS        order \(text(order["id"])), \(text(order["status"])), notes: \(text(order["notes"]))")
            for service in order["services"]?.array ?? [] {
                let cycle = text(service["billingcycle"])
                print("             service \(text(service["id"])) of product \(text(service["pid"])), \(cycle)")
            }
        }
    }

    private func showSalesforce(_ addresses: TestbedAddresses) {
        let state = client.get(addresses.salesforce + "/_simulator/state").flatMap { JSON($0.body) }
        let orders = state?["records"]?["Order"]?.object ?? [:]
        // The id may have 15 or 18 characters.
        guard let record = orders.first(where: { $0.key.hasPrefix(orderId.prefix(15)) })?.value.object else {
            return print("Salesforce   no such order")
        }
        for (name, value) in record.sorted(by: { $0.key < $1.key }) where name.hasSuffix("__c") && value != .null {
            print("Salesforce   \(name) = \(text(value))")
        }
    }

    private func showToken(_ addresses: TestbedAddresses) {
        let account = AWS.Account(TestbedAccount.environment(endpoint: addresses.aws, lambda: addresses.lambda))
        let name = addresses.accessTokenParameter
        let exists = (try? ParameterStore(account, .live()).get([name])[name]) != nil
        print("AWS          \(name) \(exists ? "holds the Salesforce token" : "does not exist")")
    }

    private func text(_ value: JSON?) -> String { value?.stringOrNumber ?? "?" }
}
