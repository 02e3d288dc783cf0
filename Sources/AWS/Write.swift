import Basics
import JSON

/// A conditional write to a table.
public struct Write: Sendable {
    /// A condition or an update in DynamoDB's syntax, with `#name` for the attribute `name` and `:name` for a value
    /// ("Condition and filter expressions").
    public struct Expression: Sendable {
        public var text: String
        public var values: [String: JSON]

        public init(_ text: String, _ values: [String: JSON] = [:]) {
            self.text = text
            self.values = values
        }
    }

    private var members: [String: JSON]
    private var expressions: [Expression]
    let verb: String

    /// Replaces the item.
    public static func put(_ item: Table.Item, if condition: Expression) -> Write {
        Write(
            members: [
                "Item": .object(item.mapValues(attribute(of:))), "ConditionExpression": .string(condition.text),
            ], expressions: [condition], verb: "Put")
    }

    /// Changes attributes of the item, which is created if missing.
    ///
    /// - Parameter update: such as `SET #status = :new REMOVE #dueAt`.
    public static func update(_ key: String, _ update: Expression, if condition: Expression) -> Write {
        Write(
            members: [
                "Key": ["pk": ["S": .string(key)]], "UpdateExpression": .string(update.text),
                "ConditionExpression": .string(condition.text),
            ], expressions: [update, condition], verb: "Update")
    }

    var action: String { verb + "Item" }

    /// The body of PutItem or UpdateItem.
    func request(_ table: String) -> JSON {
        var request = members(table)
        if verb == "Update" { request["ReturnValues"] = "ALL_NEW" }
        return .object(request)
    }

    /// The member of a transaction.
    func body(_ table: String) -> JSON { .object(members(table)) }

    private func members(_ table: String) -> [String: JSON] {
        var members = members
        members["TableName"] = .string(table)
        members["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        addPlaceholders(of: expressions, to: &members)
        return members
    }
}

/// Adds what the names and values of expressions stand for to a request.
func addPlaceholders(of expressions: [Write.Expression], to members: inout [String: JSON]) {
    var (names, values): ([String: JSON], [String: JSON]) = ([:], [:])
    for expression in expressions {
        for name in attributeNames(in: expression.text) { names["#" + name] = .string(name) }
        for (name, value) in expression.values { values[":" + name] = attribute(of: value) }
    }
    if !names.isEmpty { members["ExpressionAttributeNames"] = .object(names) }
    if !values.isEmpty { members["ExpressionAttributeValues"] = .object(values) }
}

private func attributeNames(in text: String) -> [String] {
    Array(text.utf8).split(separator: UInt8(ascii: "#"), omittingEmptySubsequences: false).dropFirst().map { part in
        String(decoding: part.prefix(while: isNameByte), as: UTF8.self)
    }
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    default: isDigit(byte)
    }
}

/// DynamoDB's form of a value ("AttributeValue").
func attribute(of value: JSON) -> JSON {
    switch value {
    case .null: ["NULL": true]
    case .bool(let bool): ["BOOL": .bool(bool)]
    case .number: ["N": .string(value.stringOrNumber)]
    case .string(let text): ["S": .string(text)]
    case .array(let values): ["L": .array(values.map(attribute(of:)))]
    case .object(let members): ["M": .object(members.mapValues(attribute(of:)))]
    }
}

package func value(ofAttribute attribute: JSON) -> JSON {
    guard let (type, content) = attribute.object?.first else { return .null }
    return switch type {
    case "S", "BOOL": content
    case "N": content.string.flatMap(Double.init).map { .number($0) } ?? .null
    case "L": .array((content.array ?? []).map(value(ofAttribute:)))
    case "M": .object((content.object ?? [:]).mapValues(value(ofAttribute:)))
    default: .null
    }
}
