import AWS
import Basics
import JSON
import Simulation
import Testing

/// Transactions: all writes or none, and each once.
@Suite struct TableTransactionTests {
    private static let new = Write.Expression("attribute_not_exists(#pk)")

    private func body(_ keys: [String], token: String, _ item: [String: JSON] = [:]) -> JSON {
        let puts: [JSON] = keys.map { key in
            [
                "Put": [
                    "TableName": "ledger", "Item": .object(item.merging(["pk": ["S": .string(key)]]) { $1 }),
                    "ConditionExpression": "attribute_not_exists(#pk)", "ExpressionAttributeNames": ["#pk": "pk"],
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                ]
            ]
        }
        return ["TransactItems": .array(puts), "ClientRequestToken": .string(token)]
    }

    @Test("All writes are made, or none")
    func allOrNone() throws {
        let endpoint = TableEndpoint()
        let table = endpoint.table()
        let update = Write.update(
            "order#1", .init("SET #n = if_not_exists(#n, :zero) + :one", ["zero": 0, "one": 1]), if: Self.new)
        #expect(try table.transact([.put(["pk": "nonce#1"], if: Self.new), update]) == nil)
        #expect(endpoint.model.lastWrites == ["nonce#1", "order#1"])
        let second = [.put(["pk": "nonce#2"], if: Self.new), update, .put(["pk": "nonce#1"], if: Self.new)]
        #expect(
            try table.transact(second)
                == [.held, .failed(["pk": "order#1", "n": 1]), .failed(["pk": "nonce#1"])])
        #expect(endpoint.model.lastWrites == [])
        #expect(endpoint.model.keys == ["nonce#1", "order#1"])
        #expect(endpoint.model.item("order#1") == ["pk": "order#1", "n": 1])
    }

    @Test("A condition that fails without an item has a reason without one")
    func reasonWithoutItem() throws {
        let existing = Write.put(["pk": "a"], if: .init("attribute_exists(#pk)"))
        #expect(try TableEndpoint().table().transact([existing]) == [.failed(nil)])
    }

    @Test("The refusal names the reason of each write")
    func reasons() {
        let endpoint = TableEndpoint()
        endpoint.answer("TransactWriteItems", body(["b"], token: "1"))
        let (status, answer) = endpoint.answer("TransactWriteItems", body(["a", "b"], token: "2"))
        #expect(status == 400)
        #expect(
            answer == [
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "message": .string(
                    "Transaction cancelled, please refer cancellation reasons for specific reasons "
                        + "[None, ConditionalCheckFailed]"),
                "CancellationReasons": [
                    ["Code": "None"],
                    [
                        "Code": "ConditionalCheckFailed", "Message": "The conditional request failed",
                        "Item": ["pk": ["S": "b"]],
                    ],
                ],
            ])
    }

    /// "TransactWriteItems", CancellationReasons.
    @Test("An operand of a wrong type is the reason of its write")
    func validationError() {
        let endpoint = TableEndpoint()
        endpoint.answer("TransactWriteItems", body(["a"], token: "1", ["n": ["S": "text"]]))
        let update: JSON = [
            "Update": [
                "TableName": "ledger", "Key": ["pk": ["S": "a"]],
                "UpdateExpression": "SET #n = if_not_exists(#n, :one) + :one",
                "ConditionExpression": "attribute_exists(#pk)",
                "ExpressionAttributeNames": ["#n": "n", "#pk": "pk"],
                "ExpressionAttributeValues": [":one": ["N": "1"]], "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            ]
        ]
        let answer = endpoint.answer(
            "TransactWriteItems", ["TransactItems": [update], "ClientRequestToken": "2"]
        ).body
        #expect(answer["CancellationReasons"]?.array?.map { $0["Code"] } == ["ValidationError"])
    }

    /// "TransactWriteItems", ClientRequestToken.
    @Test("A token is known for 10 minutes")
    func token() {
        let endpoint = TableEndpoint()
        let first = body(["a"], token: "1")
        #expect(endpoint.answer("TransactWriteItems", first) == (200, [:]))
        #expect(endpoint.model.lastWrites == ["a"])
        endpoint.now += 599_999
        // Its own item is in the way of the repeat, which writes nothing.
        #expect(endpoint.answer("TransactWriteItems", first) == (200, [:]))
        #expect(endpoint.model.lastWrites == [])
        let other = endpoint.answer("TransactWriteItems", body(["b"], token: "1"))
        #expect(
            other.body["__type"] == "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException")
        #expect(endpoint.model.keys == ["a"])
        endpoint.now += 1
        #expect(endpoint.answer("TransactWriteItems", body(["b"], token: "1")) == (200, [:]))
        #expect(endpoint.model.keys == ["a", "b"])
    }

    @Test("The token of a refused transaction is not kept")
    func tokenOfRefused() {
        let endpoint = TableEndpoint()
        endpoint.now = 1_800_000_000_000
        let expiring: [String: JSON] = ["expiresAt": ["N": "1800000000"]]
        endpoint.answer("TransactWriteItems", body(["a"], token: "1", expiring))
        #expect(endpoint.answer("TransactWriteItems", body(["a"], token: "2")).status == 400)
        endpoint.now += 1_000
        let isDeleted = endpoint.model.expire("a", now: endpoint.now)
        #expect(isDeleted)
        #expect(endpoint.answer("TransactWriteItems", body(["a"], token: "2")).status == 200)
    }

    @Test("Many tokens are forgotten in time")
    func manyTokens() {
        let endpoint = TableEndpoint()
        for number in 0..<5_000 {
            endpoint.now += 1_000
            #expect(endpoint.answer("TransactWriteItems", body(["a\(number)"], token: "t\(number)")).status == 200)
        }
        #expect(endpoint.answer("TransactWriteItems", body(["a4999"], token: "t4999")).status == 200)
        #expect(endpoint.answer("TransactWriteItems", body(["a0"], token: "t0")).status == 400)
    }
}
