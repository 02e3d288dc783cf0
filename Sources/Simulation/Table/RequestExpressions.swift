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
        let definedNames = try placeholders("ExpressionAttributeNames", used: names, members)
        for name in names {
            guard definedNames[name]?.string.map({ $0.utf8.elementsEqual(name.utf8.dropFirst()) }) ?? false else {
                throw .unsupported("\(name) as a name for another attribute")
            }
        }
        let definedValues = try placeholders("ExpressionAttributeValues", used: values, members)
        var arguments: [AttributeValue] = []
        arguments.reserveCapacity(values.count)
        for value in values { arguments.append(try AttributeValue(definedValues[value] ?? .null)) }
        return arguments
    }

    private func placeholders(
        _ member: String, used: [String], _ members: [String: JSON]
    ) throws(TableRefusal) -> [String: JSON] {
        guard let defined = members[member]?.object else {
            guard let missing = used.first else { return [:] }
            throw undefined(missing, member)
        }
        guard !defined.isEmpty else { throw .invalid("\(member) must not be empty") }
        if let missing = used.first(where: { defined[$0] == nil }) { throw undefined(missing, member) }
        guard defined.count == used.count else {
            let unused = Set(defined.keys).subtracting(used).sorted().joined(separator: ", ")
            throw .invalid("Value provided in \(member) unused in expressions: keys: {\(unused)}")
        }
        return defined
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
