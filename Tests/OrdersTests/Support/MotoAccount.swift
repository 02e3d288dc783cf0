import AWS
import Foundation
import HTTP
import JSON
import Lambda
import Orders
import TestSupport
import Testbed

/// An AWS account on loopback, played by moto: a ledger, an order bus whose events a queue keeps, parameters. Names are
/// its own, so that tests do not see each other.
final class MotoAccount {
    let table: String
    let bus: String
    private let prefix: String
    private let queueURL: String
    /// The order queue. No rule fills it.
    let orderQueueURL: String
    let account: Account
    private let endpoint: String
    private let http = HTTPClient.live()

    struct Unexpected: Error, CustomStringConvertible {
        var description: String
    }

    init() throws {
        endpoint = try MotoServer.shared.get().url
        account = Account(MotoAccount.variables(endpoint))
        let name = UUID().uuidString.lowercased()
        (table, bus, prefix) = ("ledger-\(name)", "orders-\(name)", "/\(name)")
        let sqs = AWSService(
            name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: account, http: http)
        queueURL = try sqs.call("CreateQueue", ["QueueName": .string("events-\(name)")])["QueueUrl"]?.string ?? ""
        orderQueueURL = try sqs.call("CreateQueue", ["QueueName": .string("orders-\(name)")])["QueueUrl"]?.string ?? ""
        _ = try dynamoDB(
            "CreateTable",
            [
                "TableName": .string(table), "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [["AttributeName": "pk", "KeyType": "HASH"]],
                "AttributeDefinitions": [
                    ["AttributeName": "pk", "AttributeType": "S"], ["AttributeName": "open", "AttributeType": "S"],
                    ["AttributeName": "dueAt", "AttributeType": "N"],
                ],
                "GlobalSecondaryIndexes": [
                    [
                        "IndexName": "due", "Projection": ["ProjectionType": "KEYS_ONLY"],
                        "KeySchema": [
                            ["AttributeName": "open", "KeyType": "HASH"],
                            ["AttributeName": "dueAt", "KeyType": "RANGE"],
                        ],
                    ]
                ],
            ])
        _ = try events("CreateEventBus", ["Name": .string(bus)])
        let rule: [String: JSON] = ["EventBusName": .string(bus)]
        _ = try events(
            "PutRule",
            .object(rule.merging(["Name": "all", "EventPattern": #"{"source":["salesforce.orders"]}"#]) { $1 }))
        let target: JSON = ["Id": "events", "Arn": .string("arn:aws:sqs:eu-west-1:123456789012:events-\(name)")]
        _ = try events("PutTargets", .object(rule.merging(["Rule": "all", "Targets": [target]]) { $1 }))
    }

    private static func variables(_ endpoint: String) -> [String: String] {
        [
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": endpoint,
        ]
    }

    /// The account, with some services elsewhere: `["LAMBDA": "http://127.0.0.1:1"]`.
    func account(with endpoints: [String: String]) -> Account {
        Account(environment([:], with: endpoints).values)
    }

    /// A program's whole environment, with some services elsewhere.
    func environment(_ values: [String: String], with endpoints: [String: String] = [:]) -> Environment {
        var variables = MotoAccount.variables(endpoint)
        for (service, url) in endpoints { variables["AWS_ENDPOINT_URL_\(service)"] = url }
        return Environment(variables.merging(values) { $1 })
    }

    // MARK: Parameters

    /// The full name of one of the account's parameters.
    func parameter(_ name: String) -> String { "\(prefix)/\(name)" }

    func put(_ name: String, _ value: String) throws {
        _ = try ssm(
            "PutParameter",
            ["Name": .string(parameter(name)), "Value": .string(value), "Type": "SecureString", "Overwrite": true])
    }

    /// Nil when there is none.
    func value(_ name: String) throws -> String? {
        try ParameterStore(account, http).get([parameter(name)])[parameter(name)]
    }

    func deleteParameter(_ name: String) throws {
        _ = try ssm("DeleteParameter", ["Name": .string(parameter(name))])
    }

    private func ssm(_ action: String, _ body: JSON) throws -> JSON {
        try AWSService(
            name: "ssm", identifier: "SSM", target: "AmazonSSM", version: "1.1", account: account, http: http
        ).call(action, body)
    }

    // MARK: The ledger

    func item(_ key: String) throws -> Table.Item? { try Table(table, account, http).get(key) }

    func order(_ id: String) throws -> Table.Item { try item("order#\(id)") ?? [:] }

    /// Sets attributes of an item, which is made when it is not there.
    func set(_ key: String, _ values: [String: JSON]) throws {
        let assignments = values.keys.sorted().map { "#\($0) = :\($0)" }.joined(separator: ", ")
        let update = Write.Expression("SET " + assignments, values)
        guard
            case .written = try Table(table, account, http).write(
                .update(key, update, if: .init("#pk <> :none", ["none": "-"])))
        else { throw Unexpected(description: "\(key) could not be set") }
    }

    /// The keys of all items.
    func keys() throws -> [String] {
        let items = try dynamoDB("Scan", ["TableName": .string(table)])["Items"]?.array ?? []
        return items.compactMap { $0["pk"]?["S"]?.string }.sorted()
    }

    private func dynamoDB(_ action: String, _ body: JSON) throws -> JSON {
        try AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0", account: account,
            http: http
        ).call(action, body)
    }

    // MARK: The bus

    private var sqs: AWSService {
        AWSService(name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: account, http: http)
    }

    /// Puts a message into the order queue.
    func sendToOrderQueue(_ body: String) throws {
        _ = try sqs.call("SendMessage", ["QueueUrl": .string(orderQueueURL), "MessageBody": .string(body)])
    }

    /// The events that were put on the bus since the last look.
    func takeEvents() throws -> [JSON] {
        var taken: [JSON] = []
        while true {
            let queue = sqs
            let answer = try queue.call(
                "ReceiveMessage", ["QueueUrl": .string(queueURL), "MaxNumberOfMessages": 10])
            let messages = answer["Messages"]?.array ?? []
            if messages.isEmpty { return taken }
            for message in messages {
                taken.append(JSON(Array((message["Body"]?.string ?? "").utf8)) ?? .null)
                _ = try queue.call(
                    "DeleteMessage",
                    ["QueueUrl": .string(queueURL), "ReceiptHandle": message["ReceiptHandle"] ?? .null])
            }
        }
    }

    private func events(_ action: String, _ body: JSON) throws -> JSON {
        try AWSService(
            name: "events", identifier: "EVENTBRIDGE", target: "AWSEvents", version: "1.1", account: account, http: http
        ).call(action, body)
    }
}
