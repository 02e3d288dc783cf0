import HTTP
import JSON
import TestSupport
import Testing

@testable import AWS

/// The ledger's calls, as bytes and as DynamoDB answers them.
@Suite struct TableTests {
    private func table(_ canned: CannedTransport) -> Table { Table("ledger", .cloud, canned.client) }

    private func body(_ canned: CannedTransport) -> JSON? { canned.requests.first.flatMap { JSON($0.body) } }

    private func target(_ canned: CannedTransport) -> String? { canned.requests.first?.header("X-Amz-Target") }

    @Test(
        arguments: [
            (.null, ["NULL": true]), (true, ["BOOL": true]), (1_800_000_000_000, ["N": "1800000000000"]),
            (.number(1.5), ["N": "1.5"]), (-7, ["N": "-7"]), ("", ["S": ""]), ("é", ["S": "é"]), ([], ["L": []]),
            ([:], ["M": [:]]), (["a", 1], ["L": [["S": "a"], ["N": "1"]]]),
            (["m": ["n": .null]], ["M": ["m": ["M": ["n": ["NULL": true]]]]]),
        ] as [(JSON, JSON)])
    func attributesThereAndBack(_ value: JSON, _ attribute: JSON) {
        #expect(AWS.attribute(of: value) == attribute)
        #expect(AWS.value(ofAttribute: attribute) == value)
    }

    @Test(
        arguments: [
            (["B": "AAA="], .null), (["SS": ["a"]], .null), (["N": "x"], .null), ([:], .null), ("S", .null),
            (["L": "x"], []), (["M": 1], [:]), (["N": "1E+3"], 1000),
        ] as [(JSON, JSON)])
    func attributesOfOthers(_ attribute: JSON, _ value: JSON) {
        #expect(AWS.value(ofAttribute: attribute) == value)
    }

    @Test func get() throws {
        let canned = CannedTransport([.answer(200, #"{"Item":{"pk":{"S":"order#1"},"n":{"N":"3"}}}"#)])
        #expect(try table(canned).get("order#1") == ["pk": "order#1", "n": 3])
        #expect(target(canned) == "DynamoDB_20120810.GetItem")
        #expect(canned.requests.first?.header("Content-Type") == "application/x-amz-json-1.0")
        #expect(
            canned.requests.first?.text
                == #"{"ConsistentRead":true,"Key":{"pk":{"S":"order#1"}},"TableName":"ledger"}"#)
    }

    @Test func getOfWhatIsNotThere() throws {
        #expect(try table(CannedTransport([.answer(200, "{}")])).get("x") == nil)
    }

    @Test func countsAllPages() throws {
        let position: JSON = ["pk": ["S": "order#1"]]
        let canned = CannedTransport([
            .answer(200, #"{"Count":700,"LastEvaluatedKey":{"pk":{"S":"order#1"}}}"#), .answer(200, #"{"Count":2}"#),
        ])
        #expect(try table(canned).count(index: "due", .init("#open = :open", ["open": "1"])) == 702)
        #expect(canned.requests.map { JSON($0.body)?["ExclusiveStartKey"] } == [nil, position])
        #expect(
            canned.requests.last?.text
                == ##"{"ExclusiveStartKey":{"pk":{"S":"order#1"}},"ExpressionAttributeNames":{"#open":"open"},"##
                + ##""ExpressionAttributeValues":{":open":{"S":"1"}},"IndexName":"due","##
                + ##""KeyConditionExpression":"#open = :open","Select":"COUNT","TableName":"ledger"}"##)
        #expect(throws: AWSFailure.unreadable(action: "dynamodb Query")) {
            try table(CannedTransport([.answer(200, "{}")])).count(index: "due", .init("#open = :open"))
        }
    }

    @Test func getTogetherWithOthers() throws {
        let canned = CannedTransport([.answer(200, #"{"Item":{"a":{"S":"1"}}}"#), .answer(400)])
        let table = table(canned)
        let answers = canned.client.sendAll([table.getRequest("a"), table.getRequest("b")])
        #expect(canned.batches == [2])
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

    @Test func putBytes() throws {
        let canned = CannedTransport([.answer(200, "{}")])
        #expect(try table(canned).write(Self.put) == .written([:]))
        #expect(target(canned) == "DynamoDB_20120810.PutItem")
        #expect(
            body(canned) == [
                "TableName": "ledger", "Item": ["pk": ["S": "a"], "dueAt": ["N": "5"]],
                "ConditionExpression": "attribute_not_exists(#pk) OR #dueAt < :now",
                "ExpressionAttributeNames": ["#pk": "pk", "#dueAt": "dueAt"],
                "ExpressionAttributeValues": [":now": ["N": "7"]],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            ])
    }

    @Test func updateBytes() throws {
        let canned = CannedTransport([.answer(200, #"{"Attributes":{"status":{"S":"Done"}}}"#)])
        #expect(try table(canned).write(Self.update) == .written(["status": "Done"]))
        #expect(target(canned) == "DynamoDB_20120810.UpdateItem")
        #expect(
            body(canned) == [
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
    @Test func whatIsNotUsedIsNotSent() throws {
        let canned = CannedTransport([.answer(200, "{}")])
        _ = try table(canned).write(.put(["pk": "a"], if: .init("attribute_not_exists(pk)")))
        #expect(body(canned)?["ExpressionAttributeNames"] == nil)
        #expect(body(canned)?["ExpressionAttributeValues"] == nil)
    }

    @Test(
        arguments: [
            (
                #"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Item":{"s":{"S":"x"}}}"#,
                ["s": "x"]
            ),
            (#"{"__type":"ConditionalCheckFailedException","message":"m"}"#, nil),
        ] as [(String, Table.Item?)])
    func aConditionThatDoesNotHoldTellsTheItem(_ answer: String, _ item: Table.Item?) throws {
        let canned = CannedTransport([.answer(400, answer)])
        #expect(try table(canned).write(Self.put) == .conditionFailed(item))
        #expect(canned.requests.count == 1)
    }

    @Test func anyOtherRefusalIsAnError() {
        let canned = CannedTransport([.answer(400, #"{"__type":"x#ValidationException","message":"bad"}"#)])
        #expect {
            try table(canned).write(Self.put)
        } throws: {
            ($0 as? AWSFailure)?.code == "ValidationException"
        }
    }

    @Test func transactBytes() throws {
        let canned = CannedTransport([.answer(200, "{}")])
        #expect(try table(canned).transact([Self.put, Self.update]) == nil)
        #expect(target(canned) == "DynamoDB_20120810.TransactWriteItems")
        let items = body(canned)?["TransactItems"]?.array
        #expect(items?.count == 2)
        #expect(items?.map { $0.object?.keys.sorted() } == [["Put"], ["Update"]])
        #expect(items?.first?["Put"]?["Item"]?["pk"] == ["S": "a"])
        #expect(items?.last?["Update"]?["Key"] == ["pk": ["S": "a"]])
        for item in items ?? [] {
            let member = item.object?.values.first
            #expect(member?["TableName"] == "ledger")
            #expect(member?["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD")
            // A member of a transaction knows no such thing, and DynamoDB says so.
            #expect(member?["ReturnValues"] == nil)
        }
    }

    /// The first try may have been made and only its answer lost. Without a token of its own, the same in each try,
    /// the second would be refused by what the first has written.
    @Test func aRepeatedTransactionIsKnownAsTheSame() throws {
        let canned = CannedTransport([.failed(.broken, received: true), .answer(200, "{}"), .answer(200, "{}")])
        let table = table(canned)
        #expect(try table.transact([Self.put]) == nil)
        #expect(try table.transact([Self.put]) == nil)
        let tokens = canned.requests.map { JSON($0.body)?["ClientRequestToken"]?.stringOrNumber }
        #expect(tokens.count == 3)
        #expect(tokens[0] == tokens[1])
        #expect(tokens[1] != tokens[2])
        // DynamoDB takes 1 to 36 characters.
        #expect(tokens.allSatisfy { (8...36).contains($0?.count ?? 0) })
    }

    private func cancelled(_ reasons: String) -> Result<Response, HTTPFailure> {
        .answer(400, #"{"__type":"x#TransactionCanceledException","CancellationReasons":[\#(reasons)]}"#)
    }

    @Test func aTransactionTellsWhichConditionFailed() throws {
        let canned = CannedTransport([
            cancelled(#"{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":{"s":{"S":"x"}}}"#)
        ])
        #expect(try table(canned).transact([Self.put, Self.update]) == [.held, .failed(["s": "x"])])
        #expect(canned.requests.count == 1)
    }

    @Test func aConditionThatFailedWinsOverAConflict() throws {
        let canned = CannedTransport([cancelled(#"{"Code":"TransactionConflict"},{"Code":"ConditionalCheckFailed"}"#)])
        #expect(try table(canned).transact([Self.put, Self.update]) == [.held, .failed(nil)])
        #expect(canned.requests.count == 1)
    }

    @Test(arguments: ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
    func aTransactionInAnothersWayIsTriedAgain(_ reason: String) throws {
        let canned = CannedTransport([cancelled("{\"Code\":\"None\"},{\"Code\":\"\(reason)\"}"), .answer(200, "{}")])
        #expect(try table(canned).transact([Self.put, Self.update]) == nil)
        #expect(canned.requests.count == 2)
        #expect(canned.requests.first?.body == canned.requests.last?.body)
    }

    @Test(arguments: [
        #"{"Code":"None"},{"Code":"ValidationError"}"#,
        // Not as many reasons as writes: nobody can tell which is whose.
        #"{"Code":"ConditionalCheckFailed"}"#, "",
    ])
    func aTransactionCancelledForAnotherReasonIsAnError(_ reasons: String) {
        #expect {
            try table(CannedTransport([cancelled(reasons)])).transact([Self.put, Self.update])
        } throws: {
            ($0 as? AWSFailure)?.code == "TransactionCanceledException"
        }
    }
}
