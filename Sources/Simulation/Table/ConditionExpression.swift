/// What an item must be; a value is its place in the request's values.
indirect enum ConditionExpression {
    case exists(String)
    case absent(String)
    case compare(String, Comparison, Int)
    case both(ConditionExpression, ConditionExpression)
    case either(ConditionExpression, ConditionExpression)

    enum Comparison: String {
        case equal = "="
        case unequal = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// Whether the condition holds for the item; nil stands for no item.
    func holds(_ item: StoredItem?, _ values: [AttributeValue]) throws(TableRefusal) -> Bool {
        switch self {
        case .exists(let name): return item?[name] != nil
        case .absent(let name): return item?[name] == nil
        case .compare(let name, let comparison, let value):
            return try comparison.holds(item?[name], values[value])
        case .both(let one, let other):
            // Both, so that what is unsupported is refused whatever the item.
            let (holds, alsoHolds) = (try one.holds(item, values), try other.holds(item, values))
            return holds && alsoHolds
        case .either(let one, let other):
            let (holds, alsoHolds) = (try one.holds(item, values), try other.holds(item, values))
            return holds || alsoHolds
        }
    }
}

extension ConditionExpression.Comparison {
    /// A comparison with an absent attribute, or with one of another type, is false; that with `<>` is true.
    fileprivate func holds(_ one: AttributeValue?, _ other: AttributeValue) throws(TableRefusal) -> Bool {
        switch self {
        case .equal: return try isEqual(one, other)
        case .unequal: return try !isEqual(one, other)
        default: break
        }
        guard let right = other.number else { throw .unsupported("\(rawValue) with anything but a number") }
        guard let left = one?.number else { return false }
        return switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        default: left >= right
        }
    }

    private func isEqual(_ one: AttributeValue?, _ other: AttributeValue) throws(TableRefusal) -> Bool {
        guard let isEqual = other.equals(one) else { throw .unsupported("\(rawValue) with a list or a map") }
        return isEqual
    }
}

extension ExpressionParser {
    mutating func condition(_ text: String) throws(TableRefusal) -> ConditionExpression {
        try start(text)
        let condition = try either().condition
        try expectEnd()
        return condition
    }

    private typealias Part = (condition: ConditionExpression, isJoined: Bool)

    private mutating func either() throws(TableRefusal) -> Part {
        var part = try both()
        while take("OR") { part = (.either(part.condition, try both().condition), true) }
        return part
    }

    private mutating func both() throws(TableRefusal) -> Part {
        var part: Part = (try term(), false)
        while take("AND") { part = (.both(part.condition, try term()), true) }
        return part
    }

    private mutating func term() throws(TableRefusal) -> ConditionExpression {
        if take("(") {
            let isParenthesized = next == "("
            let part = try either()
            guard part.isJoined || !isParenthesized else {
                throw .invalid("Invalid ConditionExpression: The expression has redundant parentheses;")
            }
            try expect(")")
            return part.condition
        }
        if take("attribute_exists") { return .exists(try argument()) }
        if take("attribute_not_exists") { return .absent(try argument()) }
        let name = try attribute()
        guard let comparison = next.flatMap(ConditionExpression.Comparison.init) else { throw unsupported }
        try expect(comparison.rawValue)
        return .compare(name, comparison, try value())
    }

    private mutating func argument() throws(TableRefusal) -> String {
        try expect("(")
        let name = try attribute()
        try expect(")")
        return name
    }
}
