/// What an update changes; a value is its place in the request's values.
struct UpdateExpression {
    indirect enum Operand {
        case value(Int)
        case ifNotExists(String, Operand)
        case sum(Operand, Operand)
        case append(Operand, Operand)
    }

    /// An item has at most 400 KB, which are about so many entries of a history.
    fileprivate static let longestList = 5_000

    var sets: [(name: String, operand: Operand)] = []
    var removals: [String] = []

    /// What the update makes of the item: each attribute's new value, nil for one that goes. Every operand sees the
    /// item as it was before.
    func changes(
        _ item: StoredItem?, _ values: [AttributeValue]
    ) throws(TableRefusal) -> [(name: String, value: AttributeValue?)] {
        var changes: [(name: String, value: AttributeValue?)] = []
        changes.reserveCapacity(sets.count + removals.count)
        for (name, operand) in sets { changes.append((name, try operand.evaluate(item, values))) }
        for name in removals { changes.append((name, nil)) }
        return changes
    }
}

extension UpdateExpression.Operand {
    fileprivate func evaluate(_ item: StoredItem?, _ values: [AttributeValue]) throws(TableRefusal) -> AttributeValue {
        switch self {
        case .value(let place): return values[place]
        case .ifNotExists(let name, let operand):
            if let value = item?[name] { return value }
            return try operand.evaluate(item, values)
        case .sum(let one, let other):
            guard let left = try one.evaluate(item, values).number,
                let right = try other.evaluate(item, values).number
            else { throw .wrongOperand }
            let (sum, overflows) = left.addingReportingOverflow(right)
            guard !overflows else { throw .unsupported("the sum of \(left) and \(right)") }
            return AttributeValue(number: sum)
        case .append(let one, let other):
            guard let first = try one.evaluate(item, values).list,
                let second = try other.evaluate(item, values).list
            else { throw .wrongOperand }
            guard first.count + second.count <= UpdateExpression.longestList else {
                throw .invalid("Item size to update has exceeded the maximum allowed size")
            }
            return AttributeValue(list: first + second)
        }
    }
}

extension TableRefusal {
    fileprivate static let wrongOperand = TableRefusal.invalid(
        "An operand in the update expression has an incorrect data type")
}

extension ExpressionParser {
    mutating func update(_ text: String) throws(TableRefusal) -> UpdateExpression {
        try start(text)
        var update = UpdateExpression()
        if take("SET") {
            repeat {
                let name = try attribute()
                try expect("=")
                update.sets.append((name, try sum()))
            } while take(",")
        }
        if take("REMOVE") {
            repeat { update.removals.append(try attribute()) } while take(",")
        }
        try expectEnd()
        try check(update)
        return update
    }

    private func check(_ update: UpdateExpression) throws(TableRefusal) {
        let changed = update.sets.map(\.name) + update.removals
        guard !changed.isEmpty else { throw .invalid("Invalid UpdateExpression: The expression can not be empty;") }
        for (place, name) in changed.enumerated() where changed[..<place].contains(name) {
            throw .invalid(
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of "
                    + "these paths; path one: [\(name)], path two: [\(name)]")
        }
        guard !changed.contains(TableAttribute.key) else {
            throw .invalid(
                "One or more parameter values were invalid: Cannot update attribute \(TableAttribute.key). "
                    + "This attribute is part of the key")
        }
    }

    private mutating func sum() throws(TableRefusal) -> UpdateExpression.Operand {
        let operand = try operand()
        return take("+") ? .sum(operand, try self.operand()) : operand
    }

    private mutating func operand() throws(TableRefusal) -> UpdateExpression.Operand {
        if take("if_not_exists") {
            try expect("(")
            let name = try attribute()
            try expect(",")
            let operand = try operand()
            try expect(")")
            return .ifNotExists(name, operand)
        }
        if take("list_append") {
            try expect("(")
            let one = try operand()
            try expect(",")
            let other = try operand()
            try expect(")")
            return .append(one, other)
        }
        return .value(try value())
    }
}
