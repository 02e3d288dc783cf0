import AWS
import Basics
import HTTP
import JSON
import Lambda
import Orders
import Simulation
import Synchronization
import TestSupport
import Testbed

/// An AWS account behind a server on loopback: the ledger, an order bus that keeps its events, a queue, parameters. Its
/// table is the simulation's, which other tests hold against moto; moto itself would take most of the time of these tests.
final class SimulatedAccount {
    let table = "ledger"
    let bus = "orders"
    let orderQueueURL: String
    let account: Account
    private let server: LoopbackServer
    private let state: AccountState

    struct Unexpected: Error, CustomStringConvertible {
        var description: String
    }

    init() throws {
        let state = AccountState()
        self.state = state
        server = try LoopbackServer { state.answer($0) }
        account = Account(Self.variables(server.url))
        orderQueueURL = "\(server.url)/123456789012/order-queue"
    }

    deinit {
        server.stop()
    }

    private static func variables(_ endpoint: String) -> [String: String] {
        [
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": endpoint, "STACK_NAME": "orders",
        ]
    }

    /// The account, with some services elsewhere: `["LAMBDA": "http://127.0.0.1:1"]`.
    func account(with endpoints: [String: String]) -> Account {
        Account(environment([:], with: endpoints).values)
    }

    /// A program's whole environment, with some services elsewhere.
    func environment(_ values: [String: String], with endpoints: [String: String] = [:]) -> Environment {
        var variables = Self.variables(server.url)
        for (service, url) in endpoints { variables["AWS_ENDPOINT_URL_\(service)"] = url }
        return Environment(variables.merging(values) { $1 })
    }

    // MARK: Parameters

    /// The full name of one of the account's parameters.
    func parameter(_ name: String) -> String { "/\(name)" }

    func put(_ name: String, _ value: String) throws { state.content.withLock { $0.parameters["/\(name)"] = value } }

    /// Nil when there is none.
    func value(_ name: String) throws -> String? { state.content.withLock { $0.parameters["/\(name)"] } }

    func deleteParameter(_ name: String) throws { state.content.withLock { $0.parameters["/\(name)"] = nil } }

    // MARK: The ledger

    func item(_ key: String) throws -> Table.Item? { state.content.withLock { $0.table.item(key) } }

    func order(_ id: String) throws -> Table.Item { try item("order#\(id)") ?? [:] }

    /// Sets attributes of an item, which is made when it is not there; null removes one.
    func set(_ key: String, _ values: [String: JSON]) throws {
        let (removed, set) = (values.keys.filter { values[$0] == .null }, values.filter { $0.value != .null })
        var clauses: [String] = []
        if !set.isEmpty {
            clauses.append("SET " + set.keys.sorted().map { "#\($0) = :\($0)" }.joined(separator: ", "))
        }
        if !removed.isEmpty { clauses.append("REMOVE " + removed.sorted().map { "#\($0)" }.joined(separator: ", ")) }
        let update = Write.Expression(clauses.joined(separator: " "), set)
        let always = Write.Expression("attribute_exists(#pk) OR attribute_not_exists(#pk)")
        guard case .written = try Table(table, account, .live()).write(.update(key, update, if: always)) else {
            throw Unexpected(description: "\(key) could not be set")
        }
    }

    /// The keys of all items.
    func keys() throws -> [String] { state.content.withLock { $0.table.keys } }

    // MARK: The bus and the queue

    /// Puts a message into the order queue.
    func sendToOrderQueue(_ body: String) throws { state.content.withLock { $0.queue.append(body) } }

    /// The events that were put on the bus since the last look, as its rules deliver them.
    func takeEvents() throws -> [JSON] {
        state.content.withLock { content in
            defer { content.events = [] }
            return content.events
        }
    }
}

private final class AccountState: Sendable {
    struct Content {
        var table = SimulatedTable(name: "ledger")
        var parameters: [String: String] = [:]
        var events: [JSON] = []
        var queue: [String] = []
        var requests = 0
    }

    let content = Mutex(Content())

    func answer(_ request: ServerRequest) -> ServerReply {
        let target = (request.header("X-Amz-Target") ?? "").split(separator: ".").map(String.init)
        guard target.count == 2, let body = JSON(request.body) else { return .answer(status: 404) }
        let (status, answer) = content.withLock { $0.answer(target[0], target[1], body) }
        return .json(status, answer.bytes)
    }
}

extension AccountState.Content {
    mutating func answer(_ service: String, _ action: String, _ body: JSON) -> (status: Int, body: JSON) {
        switch (service, action) {
        case ("DynamoDB_20120810", _): tableAnswer(action, body)
        case ("AmazonSSM", "GetParameters"): (200, getParameters(body))
        case ("AmazonSSM", "PutParameter"): (200, putParameter(body))
        case ("AWSEvents", "PutEvents"): (200, putEvents(body))
        case ("AWSEvents", "DescribeEventBus") where body["Name"] == "orders": (200, ["Name": "orders"])
        case ("AmazonSQS", "GetQueueAttributes"):
            (200, ["Attributes": ["ApproximateNumberOfMessages": .string(String(queue.count))]])
        case ("AWSEvents", "DescribeEventBus"): (400, ["__type": "ResourceNotFoundException"])
        default: (400, ["__type": "UnknownOperationException", "message": .string("\(service) \(action)")])
        }
    }

    /// Nothing expires, and the index lags behind nothing: its clock stands still. DynamoDB remembers a transaction for 10
    /// minutes, in which it does not carry the same out again; here it does.
    private mutating func tableAnswer(_ action: String, _ body: JSON) -> (status: Int, body: JSON) {
        requests += 1
        var members = body.object ?? [:]
        members["ClientRequestToken"] = members["ClientRequestToken"].map { _ in .string("\(requests)") }
        return table.answer(action, .object(members), now: Timestamp(milliseconds: 0), indexLag: 0)
    }

    private func getParameters(_ body: JSON) -> JSON {
        let names = (body["Names"]?.array ?? []).compactMap(\.string)
        let found = names.compactMap { name in
            parameters[name].map { JSON.object(["Name": .string(name), "Value": .string($0)]) }
        }
        return ["Parameters": .array(found)]
    }

    private mutating func putParameter(_ body: JSON) -> JSON {
        parameters[body["Name"]?.string ?? ""] = body["Value"]?.string
        return ["Version": 1]
    }

    private mutating func putEvents(_ body: JSON) -> JSON {
        let entries = body["Entries"]?.array ?? []
        events += entries.map { entry in
            [
                "source": entry["Source"] ?? .null, "detail-type": entry["DetailType"] ?? .null,
                "detail": JSON(Array((entry["Detail"]?.string ?? "").utf8)) ?? .null,
            ]
        }
        return ["FailedEntryCount": 0, "Entries": .array(entries.map { _ in ["EventId": "event"] })]
    }
}
