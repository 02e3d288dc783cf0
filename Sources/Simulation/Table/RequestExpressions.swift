import JSON

/// The expressions of one request, read once and kept: a run sends the same few texts a million times.
struct RequestExpressions {
    struct Texts: Hashable {
        var update: String?
        var condition: String
    }

    let update: UpdateExpression?
    let condition: ConditionExpression
    private let names: [String]
    private let values: [String]

    init(_ texts: Texts) throws(TableRefusal) {
        var parser = ExpressionParser()
        if let text = texts.update { update = try parser.update(text) } else { update = nil }
        condition = try parser.condition(texts.condition)
        (names, values) = (parser.names, parser.values)
    }

    /// The request's values, in the order in which the expressions name them. The request defines every placeholder of
    /// its expressions, and no other.
    func arguments(_ members: [String: JSON]) throws(TableRefusal) -> [AttributeValue] {
        let definedNames = try placeholders("ExpressionAttributeNames", members)
        for name in names {
            guard let attribute = definedNames[name] else { throw undefined(name, "ExpressionAttributeNames") }
            guard case .string(let text) = attribute, text.utf8.elementsEqual(name.utf8.dropFirst()) else {
                throw .unsupported("\(name) as a name for another attribute")
            }
        }
        try checkAllUsed("ExpressionAttributeNames", definedNames, names)
        let definedValues = try placeholders("ExpressionAttributeValues", members)
        var arguments: [AttributeValue] = []
        arguments.reserveCapacity(values.count)
        for name in values {
            guard let value = definedValues[name] else { throw undefined(name, "ExpressionAttributeValues") }
            arguments.append(try AttributeValue(value))
        }
        try checkAllUsed("ExpressionAttributeValues", definedValues, values)
        return arguments
    }

    private func placeholders(_ member: String, _ members: [String: JSON]) throws(TableRefusal) -> [String: JSON] {
        guard let member = members[member] else { return [:] }
        guard case .object(let defined) = member, !defined.isEmpty else {
            throw .invalid("ExpressionAttributeNames and ExpressionAttributeValues must not be empty")
        }
        return defined
    }

    private func checkAllUsed(
        _ member: String, _ defined: [String: JSON], _ used: [String]
    ) throws(TableRefusal) {
        guard defined.count != used.count else { return }
        let unused = Set(defined.keys).subtracting(used).sorted().joined(separator: ", ")
        throw .invalid("Value provided in \(member) unused in expressions: keys: {\(unused)}")
    }

    private func undefined(_ placeholder: String, _ member: String) -> TableRefusal {
        .invalid("Invalid expression: \(placeholder) is used and not defined in \(member)")
    }
}

struct ExpressionCache {
    private var known: [RequestExpressions.Texts: RequestExpressions] = [:]

    mutating func expressions(update: String? = nil, condition: String) throws(TableRefusal) -> RequestExpressions {
        let texts = RequestExpressions.Texts(update: update, condition: condition)
        if let expressions = known[texts] { return expressions }
        let expressions = try RequestExpressions(texts)
        // The ledger has far fewer; a test that makes texts up has more.
        if known.count >= 1000 { known = [:] }
        known[texts] = expressions
        return expressions
    }
}
