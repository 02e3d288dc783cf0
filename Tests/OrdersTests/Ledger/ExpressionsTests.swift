import JSON
import Testing

@testable import AWS
@testable import Orders

@Suite struct ItemUpdateTests {
    private static func update(
        _ values: ItemUpdate = [:], _ change: (inout ItemUpdate) -> Void = { _ in }
    ) -> ItemUpdate {
        var update = values
        change(&update)
        return update
    }

    @Test(
        "An update becomes an expression and its values",
        arguments: [
            (update(), "", [:]),
            (
                update([.status: "Failed", .requestNumber: 2]), "SET #status = :status, #attempt = :attempt",
                ["attempt": 2, "status": "Failed"]
            ),
            (update([.plan: .null, .errorCode: .null]), "REMOVE #plan, #errorCode", [:]),
            (update([.step: .null, .open: "1"]), "SET #open = :open REMOVE #step", ["open": "1"]),
            (
                update { $0.increment(.attempts) }, "SET #tries = if_not_exists(#tries, :zero) + :one",
                ["zero": 0, "one": 1]
            ),
            (
                update { $0.setIfAbsent(.correlationID, "c") },
                "SET #correlationId = if_not_exists(#correlationId, :correlationId)", ["correlationId": "c"]
            ),
            (
                update([.dueAt: 7, .plan: .null]) {
                    $0.increment(.attempts)
                    $0.setIfAbsent(.correlationID, "c")
                },
                "SET #dueAt = :dueAt, #tries = if_not_exists(#tries, :zero) + :one, "
                    + "#correlationId = if_not_exists(#correlationId, :correlationId) REMOVE #plan",
                ["dueAt": 7, "zero": 0, "one": 1, "correlationId": "c"]
            ),
        ] as [(ItemUpdate, String, [String: JSON])])
    func expression(_ update: ItemUpdate, _ text: String, _ values: [String: JSON]) {
        #expect(update.expression.text == text)
        #expect(update.expression.values == values)
    }

    @Test("The last value of an attribute counts, and nil leaves the attribute as it is") func lastValue() {
        var update: ItemUpdate = [.status: "Accepted", .step: "mapping", .plan: .null]
        update[.status] = "Failed"
        (update[.step], update[.plan]) = (nil, nil)
        #expect(update[.status] == "Failed")
        #expect(update.expression.text == "SET #status = :status")
        #expect(update.expression.values == ["status": "Failed"])
    }
}

@Suite struct ConditionTests {
    private static func rendered(_ condition: Condition) -> Write.Expression { condition.expression }

    @Test(
        "A condition becomes an expression and its values",
        arguments: [
            (rendered(.absent(.key)), "attribute_not_exists(#pk)", [:]),
            (rendered(.present(.dueAt)), "attribute_exists(#dueAt)", [:]),
            (rendered(.equal(.requestNumber, 3)), "#attempt = :condition0", ["condition0": 3]),
            (rendered(.before(.leaseUntil, 7)), "#leaseUntil < :condition0", ["condition0": 7]),
            (rendered(.compare(.dueAt, "<=", 7)), "#dueAt <= :condition0", ["condition0": 7]),
            (rendered(.status(.activating)), "#status = :condition0", ["condition0": "Activating"]),
            (
                rendered(.absent(.key) || .present(.open)),
                "(attribute_not_exists(#pk) OR attribute_exists(#open))", [:]
            ),
            (
                rendered(
                    .status(.failed) && .equal(.requestNumber, 2)
                        && (.absent(.leaseUntil) || .before(.leaseUntil, 7))),
                "((#status = :condition0 AND #attempt = :condition1) AND "
                    + "(attribute_not_exists(#leaseUntil) OR #leaseUntil < :condition2))",
                ["condition0": "Failed", "condition1": 2, "condition2": 7]
            ),
            // The same attribute twice, each time with a value of its own.
            (
                rendered(.status(.accepted) || .status(.activating) && .present(.dueAt)),
                "(#status = :condition0 OR (#status = :condition1 AND attribute_exists(#dueAt)))",
                ["condition0": "Accepted", "condition1": "Activating"]
            ),
        ] as [(Write.Expression, String, [String: JSON])])
    func expression(_ expression: Write.Expression, _ text: String, _ values: [String: JSON]) {
        #expect(expression.text == text)
        #expect(expression.values == values)
    }

    @Test("An update and its condition may name the same attribute") func sameAttribute() {
        let write = Write.update("order#1", [.dueAt: 2], if: .equal(.dueAt, 1))
        #expect(
            write.request("table") == [
                "TableName": "table", "Key": ["pk": ["S": "order#1"]], "UpdateExpression": "SET #dueAt = :dueAt",
                "ConditionExpression": "#dueAt = :condition0", "ExpressionAttributeNames": ["#dueAt": "dueAt"],
                "ExpressionAttributeValues": [":dueAt": ["N": "2"], ":condition0": ["N": "1"]],
                "ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            ])
    }
}
