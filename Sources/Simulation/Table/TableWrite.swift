import JSON

/// A Put or an Update, alone or in a transaction, read from its request.
struct TableWrite {
    let key: String
    private let expressions: RequestExpressions
    private let values: [AttributeValue]
    /// Nil for an update.
    private let newItem: StoredItem?

    /// What a write does when its condition holds.
    enum Effect {
        case put(StoredItem)
        case update([(name: String, value: AttributeValue?)])
    }

    enum Outcome {
        case holds(Effect)
        case conditionFailed(StoredItem?)
    }

    static let putMembers: Set = commonMembers.union(["Item"])
    static let updateMembers: Set = commonMembers.union(["Key", "UpdateExpression"])
    static let updateItemMembers: Set = updateMembers.union(["ReturnValues"])
    private static let commonMembers: Set = [
        "TableName", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
        "ReturnValuesOnConditionCheckFailure",
    ]

    init(put request: TableRequest, table: String, _ cache: inout ExpressionCache) throws(TableRefusal) {
        let item = try StoredItem(checking: request.object("Item"))
        key = try TableAttribute.key(item[TableAttribute.key])
        newItem = item
        try request.requireTable(table)
        try request.require("ReturnValuesOnConditionCheckFailure", "ALL_OLD")
        expressions = try cache.expressions(condition: request.text("ConditionExpression"))
        values = try expressions.arguments(request.members)
    }

    init(update request: TableRequest, table: String, _ cache: inout ExpressionCache) throws(TableRefusal) {
        key = try request.key
        newItem = nil
        try request.requireTable(table)
        try request.require("ReturnValuesOnConditionCheckFailure", "ALL_OLD")
        expressions = try cache.expressions(
            update: request.text("UpdateExpression"), condition: request.text("ConditionExpression"))
        values = try expressions.arguments(request.members)
    }

    /// What the write would do to the item as it stands; nil stands for no item.
    func outcome(_ item: StoredItem?) throws(TableRefusal) -> Outcome {
        guard try expressions.condition.holds(item, values) else { return .conditionFailed(item) }
        if let newItem {
            for name in TableAttribute.checked {
                if let value = newItem[name] { try TableAttribute.check(name, value) }
            }
            return .holds(.put(newItem))
        }
        let changes = try expressions.update?.changes(item, values) ?? []
        for case (let name, let value?) in changes { try TableAttribute.check(name, value) }
        return .holds(.update(changes))
    }
}
