import AWS
import HTTP
import JSON
import Simulation
import TestSupport

/// The simulated table and moto's. Both get every request and must answer the same.
final class TableComparison {
    let endpoint: TableEndpoint
    private(set) var requests = 0
    private(set) var refusals = 0
    private(set) var differences: [String] = []
    private let account: Account
    private let live = HTTPClient.live()

    /// One for the whole run: it takes a second to start. It ends with its standard input, that is with the tests.
    private static let moto = Result {
        let script = """
            import sys
            sys.path.insert(0, "\(packageRoot.path)/deploy/aws-emulation")
            import moto_server
            from moto.server import ThreadedMotoServer
            server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
            server.start()
            print("ready at port", server.get_host_and_port()[1], flush=True)
            sys.stdin.read()
            """
        return try TestSupport.Service(Program.pythonPath, ["-c", script], ready: "ready at port")
    }

    /// - Parameter name: the table's, of its own among all comparisons.
    init(_ name: String) throws {
        endpoint = TableEndpoint(name: name)
        account = TableEndpoint.account("http://127.0.0.1:\(try TableComparison.moto.get().port ?? 0)")
        _ = try atMoto("CreateTable", definition)
        endpoint.check = { [unowned self] in compare($0, $1, $2) }
    }

    /// Its requests go to both tables; the answers are the model's.
    var table: Table { endpoint.table(account) }

    /// As in template.yaml.
    private var definition: JSON {
        [
            "TableName": .string(endpoint.name), "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [["AttributeName": "pk", "KeyType": "HASH"]],
            "AttributeDefinitions": [
                ["AttributeName": "pk", "AttributeType": "S"], ["AttributeName": "open", "AttributeType": "S"],
                ["AttributeName": "dueAt", "AttributeType": "N"],
                ["AttributeName": "errorCode", "AttributeType": "S"],
                ["AttributeName": "endedAt", "AttributeType": "N"],
            ],
            "GlobalSecondaryIndexes": [
                [
                    "IndexName": "due", "Projection": ["ProjectionType": "KEYS_ONLY"],
                    "KeySchema": [
                        ["AttributeName": "open", "KeyType": "HASH"], ["AttributeName": "dueAt", "KeyType": "RANGE"],
                    ],
                ],
                [
                    "IndexName": "failed",
                    "Projection": [
                        "ProjectionType": "INCLUDE", "NonKeyAttributes": ["status", "attempt", "whmcsOrderId"],
                    ],
                    "KeySchema": [
                        ["AttributeName": "errorCode", "KeyType": "HASH"],
                        ["AttributeName": "endedAt", "KeyType": "RANGE"],
                    ],
                ],
            ],
        ]
    }

    /// Deletes an item from both when it has expired.
    func expire(_ key: String) throws {
        guard endpoint.model.expire(key, now: endpoint.now) else { return }
        _ = try atMoto("DeleteItem", ["TableName": .string(endpoint.name), "Key": ["pk": ["S": .string(key)]]])
    }

    func compareItems() throws {
        let items = try atMoto("Scan", ["TableName": .string(endpoint.name)])["Items"]?.array ?? []
        let theirs = items.sorted { ($0["pk"]?["S"]?.string ?? "") < ($1["pk"]?["S"]?.string ?? "") }
        let ours = endpoint.model.keys.map { key in
            endpoint.answer(
                "GetItem",
                ["TableName": .string(endpoint.name), "Key": ["pk": ["S": .string(key)]], "ConsistentRead": true]
            ).body["Item"] ?? .null
        }
        note("all items", ours: .array(ours), theirs: .array(theirs))
    }

    private func atMoto(_ action: String, _ body: JSON) throws -> JSON {
        try AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0", account: account,
            http: live
        ).call(action, body)
    }

    private func compare(_ request: Request, _ action: String, _ answer: (status: Int, body: JSON)) {
        requests += 1
        if answer.status != 200 { refusals += 1 }
        var ours = essence(answer.status, answer.body)
        guard let response = try? live.transport([request])[0].get() else {
            return differences.append("moto has no answer to \(action) \(request.text)")
        }
        var theirs = essence(response.status, JSON(response.body) ?? .null)
        setAside(&ours, &theirs, request)
        note("\(action) \(request.text)", ours: ours, theirs: theirs)
    }

    private func note(_ what: String, ours: JSON, theirs: JSON) {
        guard ours != theirs else { return }
        differences.append("\(what)\n  simulated: \(text(ours))\n  at moto:   \(text(theirs))")
    }

    /// The members that the suite reads. Messages are in each server's own words.
    private func essence(_ status: Int, _ body: JSON) -> JSON {
        var members: [String: JSON] = ["status": .number(status)]
        for name in ["Attributes", "Count", "Item", "Items", "LastEvaluatedKey", "ScannedCount"] {
            members[name] = body[name]
        }
        members["__type"] = body["__type"]?.string?.split(separator: "#").last.map { .string(String($0)) }
        members["CancellationReasons"] = body["CancellationReasons"]?.array.map { reasons in
            .array(reasons.map { ["Code": $0["Code"] ?? .null, "Item": $0["Item"] ?? .null] })
        }
        return .object(members)
    }

    /// Where moto is known to differ from DynamoDB, the model follows DynamoDB.
    private func setAside(_ ours: inout JSON, _ theirs: inout JSON, _ request: Request) {
        // "Paginating table query results": a page that ends at its limit has a LastEvaluatedKey, also when nothing
        // follows. moto looks ahead.
        if ours["LastEvaluatedKey"] != nil, theirs["LastEvaluatedKey"] == nil, isLastPage(request, ours) {
            ours = ours.without("LastEvaluatedKey")
        }
        // "TransactWriteItems", CancellationReasons: an operand of a wrong type is the reason ValidationError of its
        // write. moto refuses the whole with a ValidationException.
        let codes = ours["CancellationReasons"]?.array?.map { $0["Code"]?.string } ?? []
        if codes.contains("ValidationError"), theirs["__type"] == "ValidationException" { ours = theirs }
    }

    private func isLastPage(_ request: Request, _ answer: JSON) -> Bool {
        guard case .object(var body) = JSON(request.body) else { return false }
        body["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return endpoint.answer("Query", .object(body)).body["Count"] == 0
    }

    private func text(_ json: JSON) -> String { String(decoding: json.bytes, as: UTF8.self) }
}

extension JSON {
    fileprivate func without(_ member: String) -> JSON {
        .object((object ?? [:]).filter { $0.key != member })
    }
}
