import JSON

/// A value in DynamoDB's form, `{"S": "text"}`: the types that the ledger stores, and of numbers the whole ones.
///
/// Items keep this form, so that they are answered as they are.
struct AttributeValue {
    let json: JSON

    /// Refuses a value of any other type.
    init(_ json: JSON) throws(TableRefusal) {
        try AttributeValue.check(json)
        self.json = json
    }

    /// A value of an item.
    init(stored json: JSON) {
        self.json = json
    }

    init(text: String) { json = AttributeValue.typed("S", .string(text)) }
    init(number: Int) { json = AttributeValue.typed("N", .string(String(number))) }
    init(list: [JSON]) { json = AttributeValue.typed("L", .array(list)) }

    var text: String? {
        guard case ("S", .string(let text)) = parts else { return nil }
        return text
    }

    var number: Int? {
        guard case ("N", .string(let digits)) = parts else { return nil }
        return Int(digits)
    }

    /// The elements, each a value in the same form.
    var list: [JSON]? {
        guard case ("L", .array(let elements)) = parts else { return nil }
        return elements
    }

    /// The value without its type.
    var plain: JSON {
        switch parts {
        case ("N", _): .number(number)
        case ("L", .array(let elements)): .array(elements.map { AttributeValue(stored: $0).plain })
        case ("M", .object(let members)): .object(members.mapValues { AttributeValue(stored: $0).plain })
        case (_, let content): content
        }
    }

    /// Whether both are the same text, number or truth value; nil when this is a list or a map.
    func equals(_ other: AttributeValue?) -> Bool? {
        let (type, content) = parts
        guard type != "L", type != "M" else { return nil }
        guard let (otherType, otherContent) = other?.parts, type == otherType, content == otherContent else {
            return false
        }
        // DynamoDB compares bytes, Swift characters.
        guard case (.string(let one), .string(let two)) = (content, otherContent) else { return true }
        return one.utf8.elementsEqual(two.utf8)
    }

    private var parts: (type: String, content: JSON) {
        guard case .object(let members) = json, let (type, content) = members.first else { return ("", .null) }
        return (type, content)
    }

    /// Not `JSON`'s dictionary literal, which takes most of an answer's time.
    private static func typed(_ type: String, _ content: JSON) -> JSON {
        let members: [String: JSON] = [type: content]
        return .object(members)
    }

    private static func check(_ json: JSON) throws(TableRefusal) {
        guard case .object(let members) = json, members.count == 1, let (type, content) = members.first else {
            throw .unsupported("an attribute value of this form")
        }
        switch (type, content) {
        case ("S", .string), ("BOOL", .bool): break
        case ("N", .string(let digits)):
            // DynamoDB rewrites other spellings of a number, `1.0` or `007`.
            guard let number = Int(digits), String(number) == digits else { throw .unsupported("the number \(digits)") }
        case ("L", .array(let elements)): for element in elements { try check(element) }
        case ("M", .object(let members)): _ = try StoredItem(checking: members)
        default: throw .unsupported("the attribute type \(type)")
        }
    }
}
