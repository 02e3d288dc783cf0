import AWS
import Foundation
import HTTP
import JSON

/// `testbed fulfill` sends an order as Salesforce would, and follows it to its final status.
public struct FulfillCommand {
    public var projectRoot: String
    public var orderId: String
    public var key: String?
    public var timeout: TimeInterval
    public var print: @Sendable (String) -> Void

    public init(
        projectRoot: String, orderId: String, key: String?, timeout: TimeInterval,
        print: @escaping @Sendable (String) -> Void
    ) {
        self.projectRoot = projectRoot
        self.orderId = orderId
        self.key = key
        self.timeout = timeout
        self.print = print
    }

    /// Returns true when the order is provisioned. The last line printed is `Provisioned` or `Failed: CODE`.
    public func run() throws(TestbedFailure) -> Bool {
        let addresses = try TestbedAddresses.ofRunning(in: projectRoot)
        let deadline = Date(timeIntervalSinceNow: timeout)
        let client = TestbedClient()
        let signed = SignedRequest(orderId: orderId, idempotencyKey: key)
        print("POST \(addresses.gateway)\(signed.path)")
        let accepted = try client.send(signed.request(to: addresses.gateway))
        print("\(accepted.status) \(accepted.text)")
        guard [200, 202].contains(accepted.status) else {
            let code = JSON(accepted.body)?["code"]?.stringOrNumber ?? "HTTP_\(accepted.status)"
            return finish("Failed: \(code)")
        }
        let order = try follow(client, addresses, until: deadline)
        showWHMCS(client, addresses, order)
        showSalesforce(client, addresses)
        showToken(addresses)
        switch order["status"]?.stringOrNumber {
        case "Provisioned": return finish("Provisioned")
        case "Failed": return finish("Failed: \(order["errorCode"]?.stringOrNumber ?? "UNKNOWN")")
        default: return finish("Failed: TIMEOUT")
        }
    }

    private func finish(_ line: String) -> Bool {
        print(line)
        return line == "Provisioned"
    }

    /// Prints every change of status and step, and returns the last answer.
    private func follow(
        _ client: TestbedClient, _ addresses: TestbedAddresses, until deadline: Date
    ) throws(TestbedFailure) -> JSON {
        var shown = ""
        while true {
            let answer = try client.send(SignedRead("/orders/\(orderId)").request(to: addresses.gateway))
            let order = JSON(answer.body) ?? .null
            let status = order["status"]?.stringOrNumber ?? "\(answer.status) \(answer.text)"
            let line = [status, order["step"]?.stringOrNumber, order["errorCode"]?.stringOrNumber].compactMap { $0 }
                .joined(separator: " · ")
            if line != shown { print(line) }
            shown = line
            if ["Provisioned", "Failed"].contains(status) || Date() > deadline { return order }
            usleep(50_000)
        }
    }

    private func showWHMCS(_ client: TestbedClient, _ addresses: TestbedAddresses, _ order: JSON) {
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

    private func showSalesforce(_ client: TestbedClient, _ addresses: TestbedAddresses) {
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
