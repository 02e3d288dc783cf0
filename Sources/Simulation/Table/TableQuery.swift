import Basics
import JSON

/// A page of the index `due` ("Query").
struct TableQuery {
    private static let members: Set = [
        "TableName", "IndexName", "KeyConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
        "Limit", "ExclusiveStartKey", "Select",
    ]

    /// Nil for all.
    let dueBy: Int?
    let limit: Int?
    let start: KeysByTime.Entry?
    let countsOnly: Bool

    init(_ body: JSON, table: String, _ cache: inout ExpressionCache) throws(TableRefusal) {
        let request = try TableRequest(body, "Query", known: TableQuery.members)
        try request.requireTable(table)
        try request.require("IndexName", .string(SimulatedTable.indexName))
        let expressions = try cache.expressions(condition: request.text("KeyConditionExpression"))
        dueBy = try TableQuery.dueBy(expressions.condition, expressions.arguments(request.members))
        limit = try request.members["Limit"].map(TableQuery.limit)
        start = try request.members["ExclusiveStartKey"].map(TableQuery.start)
        countsOnly = request.members["Select"] != nil
        if countsOnly { try request.require("Select", "COUNT") }
    }

    /// Of key conditions only "open, and due by then" and "open".
    private static func dueBy(
        _ condition: ConditionExpression, _ values: [AttributeValue]
    ) throws(TableRefusal) -> Int? {
        switch condition {
        case .compare(TableAttribute.open, .equal, let place) where values[place].text == TableAttribute.openValue:
            return nil
        case .both(let open, .compare(TableAttribute.dueAt, .lessOrEqual, let place)):
            guard try dueBy(open, values) == nil, let time = values[place].number else { break }
            return time
        default: break
        }
        throw .unsupported("this condition of a query")
    }

    private static func limit(_ json: JSON) throws(TableRefusal) -> Int {
        guard case .number = json, let limit = json.integer, limit > 0 else { throw .unsupported("a limit like this") }
        return limit
    }

    private static func start(_ json: JSON) throws(TableRefusal) -> KeysByTime.Entry {
        guard let members = json.object else { throw .unsupported("this start of a page") }
        let item = try StoredItem(checking: members)
        guard members.count == 3, item[TableAttribute.open]?.text == TableAttribute.openValue,
            let time = item[TableAttribute.dueAt]?.number
        else { throw .invalid("The provided starting key is invalid") }
        return KeysByTime.Entry(time: time, key: try TableAttribute.key(item[TableAttribute.key]))
    }

    /// The answer with these entries, of which there are `limit` when more may follow.
    func answer(_ entries: [KeysByTime.Entry], limit: Int) -> JSON {
        var answer: [String: JSON] = ["Count": .number(entries.count), "ScannedCount": .number(entries.count)]
        if !countsOnly { answer["Items"] = .array(entries.map(keys)) }
        // Also when nothing follows: DynamoDB stops at the limit and looks no further.
        if entries.count == limit { answer["LastEvaluatedKey"] = entries.last.map(keys) }
        return .object(answer)
    }

    private func keys(_ entry: KeysByTime.Entry) -> JSON {
        let keys: [String: JSON] = [
            TableAttribute.key: AttributeValue(text: entry.key).json, TableAttribute.open: TableQuery.open,
            TableAttribute.dueAt: AttributeValue(number: entry.time).json,
        ]
        return .object(keys)
    }

    private static let open = AttributeValue(text: TableAttribute.openValue).json
}

extension SimulatedTable {
    mutating func query(_ body: JSON, now: Timestamp) throws(TableRefusal) -> JSON {
        let query = try TableQuery(body, table: name, &expressions)
        let limit = min(query.limit ?? pageItems, pageItems)
        return query.answer(
            index.entries(after: query.start, through: query.dueBy, limit: limit, now: now), limit: limit)
    }
}
