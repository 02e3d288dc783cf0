import JSON

/// A value of an item: the types that the ledger stores, and of numbers the whole ones.
enum AttributeValue: Equatable, Sendable {
    case string(String)
    case number(Int)
    case bool(Bool)
    case list([AttributeValue])
    case map([String: AttributeValue])

    /// Reads DynamoDB's form, `{"S": "text"}`.
    init(_ json: JSON) throws(TableRefusal) {
        guard case .object(let members) = json, members.count == 1, let (type, content) = members.first else {
            throw .unsupported("an attribute value of this form")
        }
        switch (type, content) {
        case ("S", .string(let text)): self = .string(text)
        case ("N", .string(let digits)): self = .number(try AttributeValue.wholeNumber(digits))
        case ("BOOL", .bool(let value)): self = .bool(value)
        case ("L", .array(let elements)):
            var list: [AttributeValue] = []
            list.reserveCapacity(elements.count)
            for element in elements { list.append(try AttributeValue(element)) }
            self = .list(list)
        case ("M", .object(let members)): self = .map(try StoredItem(attributes: members))
        default: throw .unsupported("the attribute type \(type)")
        }
    }

    /// DynamoDB rewrites other spellings of a number, `1.0` or `007`.
    private static func wholeNumber(_ digits: String) throws(TableRefusal) -> Int {
        guard let number = Int(digits), String(number) == digits else {
            throw .unsupported("the number \(digits)")
        }
        return number
    }

    /// DynamoDB's form.
    var json: JSON {
        switch self {
        case .string(let text): ["S": .string(text)]
        case .number(let number): ["N": .string(String(number))]
        case .bool(let value): ["BOOL": .bool(value)]
        case .list(let elements): ["L": .array(elements.map(\.json))]
        case .map(let members): ["M": members.json]
        }
    }

    /// The value without its type.
    var plain: JSON {
        switch self {
        case .string(let text): .string(text)
        case .number(let number): .number(number)
        case .bool(let value): .bool(value)
        case .list(let elements): .array(elements.map(\.plain))
        case .map(let members): .object(members.plain)
        }
    }
}

typealias StoredItem = [String: AttributeValue]

extension StoredItem {
    init(attributes: [String: JSON]) throws(TableRefusal) {
        self.init(minimumCapacity: attributes.count)
        var refusals: [String: TableRefusal] = [:]
        for (name, value) in attributes {
            do throws(TableRefusal) { self[name] = try AttributeValue(value) } catch { refusals[name] = error }
        }
        // Of several wrong attributes always the same one is reported.
        if let first = refusals.min(by: { $0.key < $1.key }) { throw first.value }
    }

    var json: JSON { .object(mapValues(\.json)) }
    var plain: [String: JSON] { mapValues(\.plain) }
}
