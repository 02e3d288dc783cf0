import HTTP
import JSON
import TestSupport
import Testing

@testable import AWS

/// The ledger's calls to DynamoDB and their answers.
@Suite struct TableTests {
    private func table(_ http: FakeHTTPClient) -> Table { Table("ledger", .cloud, http.client) }

    private func body(_ http: FakeHTTPClient) -> JSON? { http.requests.first.flatMap { JSON($0.body) } }

    private func target(_ http: FakeHTTPClient) -> String? { http.requests.first?.header("X-Amz-Target") }

    @Test(
        "JSON values become attributes and back",
        arguments: [
            (.null, ["NULL": true]), (true, ["BOOL": true]), (1_800_000_000_000, ["N": "1800000000000"]),
            (.number(1.5), ["N": "1.5"]), (-7, ["N": "-7"]), ("", ["S": ""]), ("é", ["S": "é"]), ([], ["L": []]),
            ([:], ["M": [:]]), (["a", 1], ["L": [["S": "a"], ["N": "1"]]]),
            (["m": ["n": .null]], ["M": ["m": ["M": ["n": ["NULL": true]]]]]),
        ] as [(JSON, JSON)])
    func attributes(_ value: JSON, _ attribute: JSON) {
        #expect(AWS.attribute(of: value) == attribute)
        #expect(AWS.value(ofAttribute: attribute) == value)
    }

    @Test(
        "Unknown and malformed attributes are read as null or empty",
        arguments: [
            (["B": "AAA="], .null), (["SS": ["a"]], .null), (["N": "x"], .null), ([:], .null), ("S", .null),
            (["L": "x"], []), (["M": 1], [:]), (["N": "1E+3"], 1000),
        ] as [(JSON, JSON)])
    func foreignAttributes(_ attribute: JSON, _ value: JSON) {
        #expect(AWS.value(ofAttribute: attribute) == value)
    }

    @Test("GetItem reads consistently") func get() throws {
        let http = FakeHTTPClient([.answer(200, #"{"Item":{"pk":{"S":"order#1"},"n":{"N":"3"}}}"#)])
        #expect(try table(http).get("order#1") == ["pk": "order#1", "n": 3])
        #expect(target(http) == "DynamoDB_20120810.GetItem")
        #expect(http.requests.first?.header("Content-Type") == "application/x-amz-json-1.0")
        #expect(
            http.requests.first?.text
                == #"{"ConsistentRead":true,"Key":{"pk":{"S":"order#1"}},"TableName":"ledger"}"#)
    }

    @Test("A missing item is nil") func getMissing() throws {
        #expect(try table(FakeHTTPClient([.answer(200, "{}")])).get("x") == nil)
    }

    @Test("A page that leads to itself ends the query") func endlessPages() throws {
        let page = Result<Response, HTTPFailure>.answer(
            200, #"{"Count":1,"Items":[],"LastEvaluatedKey":{"pk":{"S":"order#1"}}}"#)
        #expect(throws: AWSFailure.unreadable(action: "dynamodb Query")) {
            try table(FakeHTTPClient([page, page, page])).count(index: "due", .init("#open = :open"))
        }
        let ledger = table(FakeHTTPClient([page, page, page]))
        let next = try ledger.query(index: "due", .init("#open = :open"), limit: 1).next
        #expect(throws: AWSFailure.unreadable(action: "dynamodb Query")) {
            try ledger.query(index: "due", .init("#open = :open"), limit: 1, after: next)
        }
    }

    @Test("A count adds up all pages") func count() throws {
        let position: JSON = ["pk": ["S": "order#1"]]
        let http = FakeHTTPClient([
            .answer(200, #"{"Count":700,"LastEvaluatedKey":{"pk":{"S":"order#1"}}}"#), .answer(200, #"{"Count":2}"#),
        ])
        #expect(try table(http).count(index: "due", .init("#open = :open", ["open": "1"])) == 702)
        #expect(http.requests.map { JSON($0.body)?["ExclusiveStartKey"] } == [nil, position])
        #expect(
            http.requests.last?.text
                == ##"{"ExclusiveStartKey":{"pk":{"S":"order#1"}},"ExpressionAttributeNames":{"#open":"open"},"##
                + ##""ExpressionAttributeValues":{":open":{"S":"1"}},"IndexName":"due","##
                + ##""KeyConditionExpression":"#open = :open","Select":"COUNT","TableName":"ledger"}"##)
        #expect(throws: AWSFailure.unreadable(action: "dynamodb Query")) {
            try table(FakeHTTPClient([.answer(200, "{}")])).count(index: "due", .init("#open = :open"))
        }
    }

    @Test("A read may be sent along with other requests") func getAlongWithOthers() throws {
        let http = FakeHTTPClient([.answer(200, #"{"Item":{"a":{"S":"1"}}}"#), .answer(400)])
        let table = table(http)
        let answers = http.client.sendAll([table.getRequest("a"), table.getRequest("b")])
        #expect(http.batches == [2])
        #expect(try table.get(answers[0]) == ["a": "1"])
        #expect(throws: AWSFailure.refused(action: "dynamodb GetItem", code: "HTTP400", message: "", details: .null)) {
            try table.get(answers[1])
        }
    }

    private static let put = Write.put(
        ["pk": "a", "dueAt": 5], if: .init("attribute_not_exists(#pk) OR #dueAt < :now", ["now": 7]))

    private static let update = Write.update(
        "a", .init("SET #status = :new, #m.#inner_1 = :x REMOVE #open", ["new": "Done", "x": [true]]),
        if: .init("#status = :old AND #open=:one", ["old": "New", "one": "1"]))

    @Test("PutItem has the documented form") func putRequest() throws {
        let http = FakeHTTPClient([.answer(200, "{}")])
        #expect(try table(http).write(Self.put) == .written([:]))
        #expect(target(http) == "DynamoDB_20120810.PutItem")
        #expect(
            body(http) == [
                "TableName": "ledger", "Item": ["pk": ["S": "a"], "dueAt": ["N": "5"]],
                "ConditionExpression": "attribute_not_exists(#pk) OR #dueAt < :now",
                "ExpressionAttributeNames": ["#pk": "pk", "#dueAt": "dueAt"],
                "ExpressionAttributeValues": [":now": ["N": "7"]],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            ])
    }

    @Test("UpdateItem has the documented form") func updateRequest() throws {
        let http = FakeHTTPClient([.answer(200, #"{"Attributes":{"status":{"S":"Done"}}}"#)])
        #expect(try table(http).write(Self.update) == .written(["status": "Done"]))
        #expect(target(http) == "DynamoDB_20120810.UpdateItem")
        #expect(
            body(http) == [
                "TableName": "ledger", "Key": ["pk": ["S": "a"]],
                "UpdateExpression": "SET #status = :new, #m.#inner_1 = :x REMOVE #open",
                "ConditionExpression": "#status = :old AND #open=:one",
                "ExpressionAttributeNames": [
                    "#status": "status", "#m": "m", "#inner_1": "inner_1", "#open": "open",
                ],
                "ExpressionAttributeValues": [
                    ":new": ["S": "Done"], ":x": ["L": [["BOOL": true]]], ":old": ["S": "New"], ":one": ["S": "1"],
                ],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD", "ReturnValues": "ALL_NEW",
            ])
    }

    /// DynamoDB refuses empty maps of names or values.
    @Test("Empty maps of names or values are not sent") func emptyMaps() throws {
        let http = FakeHTTPClient([.answer(200, "{}")])
        _ = try table(http).write(.put(["pk": "a"], if: .init("attribute_not_exists(pk)")))
        #expect(body(http)?["ExpressionAttributeNames"] == nil)
        #expect(body(http)?["ExpressionAttributeValues"] == nil)
    }

    @Test(
        "A failed condition returns the current item",
        arguments: [
            (
                #"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Item":{"s":{"S":"x"}}}"#,
                ["s": "x"]
            ),
            (#"{"__type":"ConditionalCheckFailedException","message":"m"}"#, nil),
        ] as [(String, Table.Item?)])
    func conditionFailed(_ answer: String, _ item: Table.Item?) throws {
        let http = FakeHTTPClient([.answer(400, answer)])
        #expect(try table(http).write(Self.put) == .conditionFailed(item))
        #expect(http.requests.count == 1)
    }

    @Test("Any other refusal is a failure") func refusal() {
        let http = FakeHTTPClient([.answer(400, #"{"__type":"x#ValidationException","message":"bad"}"#)])
        #expect {
            try table(http).write(Self.put)
        } throws: {
            ($0 as? AWSFailure)?.code == "ValidationException"
        }
    }

    @Test("TransactWriteItems has the documented form") func transactRequest() throws {
        let http = FakeHTTPClient([.answer(200, "{}")])
        #expect(try table(http).transact([Self.put, Self.update]) == nil)
        #expect(target(http) == "DynamoDB_20120810.TransactWriteItems")
        let items = body(http)?["TransactItems"]?.array
        #expect(items?.count == 2)
        #expect(items?.map { $0.object?.keys.sorted() } == [["Put"], ["Update"]])
        #expect(items?.first?["Put"]?["Item"]?["pk"] == ["S": "a"])
        #expect(items?.last?["Update"]?["Key"] == ["pk": ["S": "a"]])
        for item in items ?? [] {
            let member = item.object?.values.first
            #expect(member?["TableName"] == "ledger")
            #expect(member?["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD")
            // DynamoDB refuses it within a transaction.
            #expect(member?["ReturnValues"] == nil)
        }
    }

    /// DynamoDB may have carried out the first attempt, with its answer lost. Without the token the first attempt's
    /// writes would fail the retry's conditions.
    @Test("A retried transaction has the token of the first attempt") func transactionToken() throws {
        let http = FakeHTTPClient([.failed(.broken, received: true), .answer(200, "{}"), .answer(200, "{}")])
        let table = table(http)
        #expect(try table.transact([Self.put]) == nil)
        #expect(try table.transact([Self.put]) == nil)
        let tokens = http.requests.map { JSON($0.body)?["ClientRequestToken"]?.string }
        #expect(tokens.count == 3)
        #expect(tokens[0] == tokens[1])
        #expect(tokens[1] != tokens[2])
        // DynamoDB accepts 1 to 36 characters.
        #expect(tokens.allSatisfy { (8...36).contains($0?.count ?? 0) })
    }

    private func cancelled(_ reasons: String) -> Result<Response, HTTPFailure> {
        .answer(400, #"{"__type":"x#TransactionCanceledException","CancellationReasons":[\#(reasons)]}"#)
    }

    @Test("A transaction reports which condition failed") func transactionConditions() throws {
        let http = FakeHTTPClient([
            cancelled(#"{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":{"s":{"S":"x"}}}"#)
        ])
        #expect(try table(http).transact([Self.put, Self.update]) == [.held, .failed(["s": "x"])])
        #expect(http.requests.count == 1)
    }

    @Test("A failed condition outranks a conflict") func conditionOverConflict() throws {
        let http = FakeHTTPClient([cancelled(#"{"Code":"TransactionConflict"},{"Code":"ConditionalCheckFailed"}"#)])
        #expect(try table(http).transact([Self.put, Self.update]) == [.held, .failed(nil)])
        #expect(http.requests.count == 1)
    }

    @Test(
        "A conflict or throttling in a transaction is retried",
        arguments: ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
    func transactionConflict(_ reason: String) throws {
        let http = FakeHTTPClient([cancelled("{\"Code\":\"None\"},{\"Code\":\"\(reason)\"}"), .answer(200, "{}")])
        #expect(try table(http).transact([Self.put, Self.update]) == nil)
        #expect(http.requests.count == 2)
        #expect(http.requests.first?.body == http.requests.last?.body)
    }

    @Test(
        "A transaction cancelled for another reason is a failure",
        arguments: [
            #"{"Code":"None"},{"Code":"ValidationError"}"#,
            // Fewer reasons than writes: they cannot be assigned.
            #"{"Code":"ConditionalCheckFailed"}"#, "",
        ])
    func transactionCancelled(_ reasons: String) {
        #expect {
            try table(FakeHTTPClient([cancelled(reasons)])).transact([Self.put, Self.update])
        } throws: {
            ($0 as? AWSFailure)?.code == "TransactionCanceledException"
        }
    }
}
