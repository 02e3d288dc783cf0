import JSON
import Simulation
import Testing

/// What DynamoDB refuses, and what the simulated table does not know.
@Suite struct TableRefusalTests {
    private static let unsupported = "SimulationUnsupported"
    private static let validation = "ValidationException"

    private static let update: [String: JSON] = [
        "TableName": "ledger", "Key": ["pk": ["S": "a"]], "UpdateExpression": "SET #n = :n",
        "ConditionExpression": "attribute_not_exists(#pk)", "ExpressionAttributeNames": ["#n": "n", "#pk": "pk"],
        "ExpressionAttributeValues": [":n": ["N": "1"]], "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    ]

    private static let query: [String: JSON] = [
        "TableName": "ledger", "IndexName": "due", "KeyConditionExpression": "#open = :open",
        "ExpressionAttributeNames": ["#open": "open"], "ExpressionAttributeValues": [":open": ["S": "1"]],
    ]

    /// Nil takes a member away.
    private static func update(_ changes: [String: JSON?]) -> JSON { changed(update, changes) }
    private static func query(_ changes: [String: JSON?]) -> JSON { changed(query, changes) }

    /// An update that sets one attribute, in DynamoDB's form.
    private static func set(_ name: String, _ value: JSON) -> JSON {
        update([
            "UpdateExpression": .string("SET #\(name) = :n"),
            "ExpressionAttributeNames": .object(["#\(name)": .string(name), "#pk": "pk"]),
            "ExpressionAttributeValues": [":n": value],
        ])
    }

    private static func changed(_ members: [String: JSON], _ changes: [String: JSON?]) -> JSON {
        var members = members
        for (name, value) in changes { members[name] = value }
        return .object(members)
    }

    private func code(_ action: String, _ body: JSON) -> String? {
        let (status, answer) = TableEndpoint().answer(action, body)
        guard status != 200 else { return nil }
        return answer["__type"]?.string?.split(separator: "#").last.map(String.init)
    }

    @Test("The requests that the cases change are good")
    func good() {
        #expect(code("UpdateItem", Self.update([:])) == nil)
        #expect(code("Query", Self.query([:])) == nil)
    }

    @Test(
        "What the ledger never sends is refused loudly",
        arguments: [
            ("DeleteItem", [:]), ("Scan", ["TableName": "ledger"]), ("UpdateItem", "text"),
            ("UpdateItem", update(["Expected": [:]])), ("UpdateItem", update(["ReturnValues": "ALL_OLD"])),
            ("UpdateItem", update(["ReturnValues": nil])), ("UpdateItem", update(["ConditionExpression": nil])),
            ("UpdateItem", update(["ReturnValuesOnConditionCheckFailure": nil])),
            ("UpdateItem", update(["ConditionExpression": "NOT attribute_exists(#pk)"])),
            ("UpdateItem", update(["ConditionExpression": "begins_with(#pk, :n)"])),
            ("UpdateItem", update(["ConditionExpression": "size(#pk) > :n"])),
            ("UpdateItem", update(["ConditionExpression": "#pk IN (:n)"])),
            ("UpdateItem", update(["ConditionExpression": "#pk BETWEEN :n AND :n"])),
            ("UpdateItem", update(["ConditionExpression": ":n = #pk"])),
            ("UpdateItem", update(["ConditionExpression": "pk = :n"])),
            ("UpdateItem", update(["ConditionExpression": "#pk.#n = :n"])),
            ("UpdateItem", update(["ConditionExpression": "#pk[0] = :n"])),
            ("UpdateItem", update(["ConditionExpression": "#pk = :n #n"])),
            ("UpdateItem", update(["ConditionExpression": "(#pk = :n"])),
            (
                "UpdateItem",
                update(["ConditionExpression": "#pk < :n", "ExpressionAttributeValues": [":n": ["S": ""]]])
            ),
            (
                "UpdateItem",
                update(["ConditionExpression": "#pk = :n", "ExpressionAttributeValues": [":n": ["L": []]]])
            ),
            ("UpdateItem", update(["UpdateExpression": "SET #n = #pk"])),
            ("UpdateItem", update(["UpdateExpression": "SET #n = :n - :n"])),
            ("UpdateItem", update(["UpdateExpression": "SET #n = :n + :n + :n"])),
            ("UpdateItem", update(["UpdateExpression": "ADD #n :n"])),
            ("UpdateItem", update(["UpdateExpression": "REMOVE #n SET #n = :n"])),
            ("UpdateItem", update(["ExpressionAttributeNames": ["#n": "m", "#pk": "pk"]])),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["N": "1.5"]]])),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["N": "01"]]])),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["N": 1]]])),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["NULL": true]]])),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["SS": ["a"]]]])),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["L": [["M": ["x": ["B": ""]]]]]]])),
            ("UpdateItem", update(["Key": ["pk": ["S": "é"]]])),
            ("GetItem", ["TableName": "ledger", "Key": ["pk": ["S": "a"]]]),
            ("PutItem", ["TableName": "ledger", "Item": ["pk": ["S": "a"]]]),
            ("TransactWriteItems", ["TransactItems": []]),
            ("TransactWriteItems", ["TransactItems": [["Delete": [:]]], "ClientRequestToken": "1"]),
            ("TransactWriteItems", ["TransactItems": [["Update": update([:])]], "ClientRequestToken": "1"]),
            ("Query", query(["IndexName": "other"])), ("Query", query(["IndexName": nil])),
            ("Query", query(["Select": "ALL_ATTRIBUTES"])), ("Query", query(["ScanIndexForward": false])),
            ("Query", query(["Limit": 0])), ("Query", query(["FilterExpression": "#open = :open"])),
            ("Query", query(["ExpressionAttributeValues": [":open": ["S": "2"]]])),
            ("Query", query(["KeyConditionExpression": "#open <> :open"])),
            ("Query", query(["KeyConditionExpression": "(#open = :open OR #open = :open)"])),
        ] as [(String, JSON)])
    func unsupported(_ action: String, _ body: JSON) {
        #expect(code(action, body) == Self.unsupported)
    }

    @Test(
        "The refusal names what is not known",
        arguments: [
            ("DeleteItem", [:], "the action DeleteItem"),
            ("UpdateItem", update(["Expected": [:], "Zzz": 1]), "Expected in UpdateItem"),
            ("UpdateItem", update(["UpdateExpression": "ADD #n :n"]), #""ADD" here in the expression ADD #n :n"#),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["SS": []]]]), "the attribute type SS"),
        ] as [(String, JSON, String)])
    func names(_ action: String, _ body: JSON, _ message: String) {
        let answer = TableEndpoint().answer(action, body).body
        #expect(answer["message"]?.string == "the simulated table does not know \(message)")
    }

    @Test(
        "What DynamoDB refuses has its code",
        arguments: [
            ("UpdateItem", update(["TableName": "other"]), "ResourceNotFoundException"),
            ("UpdateItem", update(["Key": ["pk": ["S": ""]]]), validation),
            ("UpdateItem", update(["Key": ["pk": ["N": "1"]]]), validation),
            ("UpdateItem", update(["Key": ["n": ["S": "a"]]]), validation),
            ("UpdateItem", update(["ExpressionAttributeNames": ["#n": "n"]]), validation),
            ("UpdateItem", update(["ExpressionAttributeNames": ["#n": "n", "#pk": "pk", "#x": "x"]]), validation),
            ("UpdateItem", update(["ExpressionAttributeValues": nil]), validation),
            ("UpdateItem", update(["ExpressionAttributeValues": [:]]), validation),
            ("UpdateItem", update(["ExpressionAttributeValues": [":n": ["N": "1"], ":m": ["N": "1"]]]), validation),
            ("UpdateItem", update(["UpdateExpression": "SET #n = :n, #n = :n"]), validation),
            ("UpdateItem", update(["UpdateExpression": "SET #n = :n REMOVE #n"]), validation),
            ("UpdateItem", update(["UpdateExpression": "SET #pk = :n"]), validation),
            ("UpdateItem", update(["UpdateExpression": "SET #n = list_append(:n, :n)"]), validation),
            ("UpdateItem", update(["ConditionExpression": "((attribute_exists(#pk)))"]), validation),
            ("UpdateItem", set("dueAt", ["S": "1"]), validation),
            ("UpdateItem", set("endedAt", ["S": "1"]), validation),
            ("UpdateItem", set("errorCode", ["N": "1"]), validation),
            ("UpdateItem", set("errorCode", ["S": ""]), validation),
            ("Query", query(["ExclusiveStartKey": ["pk": ["S": "a"]]]), validation),
        ] as [(String, JSON, String)])
    func refused(_ action: String, _ body: JSON, _ code: String) {
        #expect(self.code(action, body) == code)
    }

    @Test("Two writes to one item are no transaction")
    func twoWritesToOneItem() {
        let update = JSON.object(["Update": Self.update(["ReturnValues": nil])])
        let body: JSON = ["TransactItems": [update, update], "ClientRequestToken": "1"]
        #expect(code("TransactWriteItems", body) == Self.validation)
    }
}
