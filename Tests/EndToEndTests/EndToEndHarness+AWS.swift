import AWS
import JSON
import Testbed
import Testing

/// The harness's access to AWS: the ledger, the bus, the token.
extension EndToEndHarness {
    var account: AWS.Account { AWS.Account(testbed.environment) }

    // MARK: The ledger

    /// The order's item; nil when the ledger has none.
    func ledgerItem(_ order: String) throws -> Table.Item? {
        try Table(testbed.resources.table, account, http).get("order#\(order)")
    }

    /// The order's item, which must exist.
    func ledger(_ order: String) throws -> Table.Item {
        try #require(try ledgerItem(order))
    }

    var dynamoDB: AWSService {
        AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0", account: account,
            http: http)
    }

    /// Invokes recover-orders. Its effects are in the ledger.
    func recover(_ event: JSON) throws {
        _ = try testbed.invoke("recover-orders", event)
    }

    /// Replaces the testbed's secret.
    func storeWebhookSecret(_ secret: String) throws {
        let name = try testbed.resources.value(of: "SF_WEBHOOK_SECRET_PARAMETER")
        try ParameterStore(account, http).put(name, secret, policies: [])
    }

    // MARK: The bus

    /// Publishes the order's event again, as a recovery does.
    func publishEvent(of order: String) throws {
        try testbed.putEvent(
            source: "salesforce.orders", detailType: "OrderProvisionRequested",
            detail: ["orderId": .string(order), "attempt": 1, "correlationId": "again"])
    }

    /// Removes the order queue from the rules of the order bus, so that no more events arrive.
    func holdEvents() throws {
        let events = AWSService(
            name: "events", identifier: "EVENTBRIDGE", target: "AWSEvents", version: "1.1", account: account,
            http: http)
        let bus: [String: JSON] = ["EventBusName": .string(testbed.resources.eventBus)]
        let queue = try orderQueue.queueArn
        for name in (try events.call("ListRules", .object(bus))["Rules"]?.array ?? []).compactMap({ $0["Name"] }) {
            let rule = bus.merging(["Rule": name]) { $1 }
            let targets = try events.call("ListTargetsByRule", .object(rule))["Targets"]?.array ?? []
            let ids = targets.filter { $0["Arn"]?.string == queue }.compactMap { $0["Id"] }
            if ids.isEmpty { continue }
            _ = try events.call("RemoveTargets", .object(rule.merging(["Ids": .array(ids)]) { $1 }))
        }
    }

    var orderQueue: FunctionDefinition.QueueMapping {
        get throws { try #require(testbed.function("provision-order").definition.queueMappings.first) }
    }

    // MARK: The token

    func hasToken() throws -> Bool {
        let name = testbed.addresses.accessTokenParameter
        return try ParameterStore(account, http).get([name])[name] != nil
    }

    func deleteToken() throws {
        let parameters = AWSService(
            name: "ssm", identifier: "SSM", target: "AmazonSSM", version: "1.1", account: account, http: http)
        _ = try parameters.call("DeleteParameters", ["Names": [.string(testbed.addresses.accessTokenParameter)]])
        // A warm program has cached the token. It asks for a new one only when Salesforce refuses it.
        testbed.salesforce.revokeTokens()
    }
}

extension Table.Item {
    /// Whether the order has its final status and no run is to come.
    var isSettled: Bool {
        ["Provisioned", "Failed"].contains(self["status"]?.stringOrNumber) && self["open"] == nil
            && self["leaseOwner"] == nil
    }
}
