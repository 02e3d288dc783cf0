import AWS
import JSON
import Simulation

/// Random requests of the shapes that the ledger sends, for a few keys and attributes, so that conditions fail often.
struct RandomRequests {
    var generator: SeededGenerator

    private static let keys = ["order#1", "order#2", "nonce#1", "key#1"]
    private static let numbers = ["attempt", "dueAt", "endedAt", "expiresAt", "tries"]
    private static let texts = ["errorCode", "leaseOwner", "status"]
    private static let lists = ["history"]
    private static let attributes = numbers + texts + lists + ["open", "plan", "flag"]

    mutating func send(to table: Table) throws {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<2: _ = try table.get(key())
        case 2..<12: _ = try? table.write(write(to: key()))
        case 12..<16: _ = try? table.transact(transaction())
        case 16..<19: try query(table)
        default: _ = try table.count(index: "due", due())
        }
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    private mutating func key() -> String { pick(Self.keys) }

    // MARK: Writes

    private mutating func transaction() -> [Write] {
        var keys = Self.keys.shuffled(using: &generator).prefix(Int.random(in: 1...3, using: &generator))
        // DynamoDB refuses two writes to one item.
        if generator.chance(0.05), let first = keys.first { keys.append(first) }
        return keys.map { write(to: $0) }
    }

    private mutating func write(to key: String) -> Write {
        let condition = condition()
        guard generator.chance(0.3) else { return .update(key, update(), if: condition) }
        var item: Table.Item = ["pk": .string(key)]
        for name in Self.attributes where generator.chance(0.4) { item[name] = value(of: name) }
        return .put(item, if: condition)
    }

    private mutating func value(of name: String) -> JSON {
        switch name {
        case "open": "1"
        case "flag": .bool(generator.chance(0.5))
        case "plan": ["clientId": .number(number()), "items": [["price": pick(["1.50", "é"]), "quantity": 1]]]
        // A wrong type now and then: functions of updates do not take it.
        case "history": generator.chance(0.1) ? "none" : .array((0..<pick([0, 1, 2])).map { ["at": .number($0)] })
        // A key of an index, and so never empty.
        case "errorCode": pick(["A", "B"])
        case _ where Self.texts.contains(name): pick(["A", "B", ""])
        default: .number(number())
        }
    }

    private mutating func number() -> Int { pick([0, 1, 2, 3, 1_800_000_000_000, -1]) }

    /// As `ItemUpdate` writes it.
    private mutating func update() -> Write.Expression {
        var (assignments, removals, values): ([String], [String], [String: JSON]) = ([], [], [:])
        let names = Self.attributes.shuffled(using: &generator).prefix(Int.random(in: 1...5, using: &generator))
        for name in names {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: removals.append("#\(name)")
            case 1
            where Self.numbers.contains(name) || generator.chance(0.05) && !["open", "errorCode"].contains(name):
                assignments.append("#\(name) = if_not_exists(#\(name), :zero) + :one")
                (values["zero"], values["one"]) = (0, 1)
            case 1 where Self.lists.contains(name):
                assignments.append("#\(name) = list_append(if_not_exists(#\(name), :empty), :added)")
                (values["empty"], values["added"]) = ([], [["at": .number(number())]])
            case 2:
                assignments.append("#\(name) = if_not_exists(#\(name), :\(name))")
                values[name] = value(of: name)
            default:
                assignments.append("#\(name) = :\(name)")
                values[name] = value(of: name)
            }
        }
        let parts = [("SET ", assignments), ("REMOVE ", removals)].filter { !$0.1.isEmpty }
        return .init(parts.map { $0 + $1.joined(separator: ", ") }.joined(separator: " "), values)
    }

    // MARK: Conditions

    /// As `Condition` writes it.
    private mutating func condition() -> Write.Expression {
        var values: [String: JSON] = [:]
        let text = condition(depth: Int.random(in: 0...3, using: &generator), &values)
        return .init(text, values)
    }

    private mutating func condition(depth: Int, _ values: inout [String: JSON]) -> String {
        if depth > 0, generator.chance(0.8) {
            let one = condition(depth: depth - 1, &values)
            let other = condition(depth: depth - 1, &values)
            return "(\(one) \(generator.chance(0.4) ? "AND" : "OR") \(other))"
        }
        let name = pick(Self.attributes + ["pk", "pk"])
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return "attribute_exists(#\(name))"
        case 1: return "attribute_not_exists(#\(name))"
        default:
            // Only of numbers: moto fails with the status 500 when two types are to be ordered, where DynamoDB takes the
            // condition as false ("Comparison operator and function reference").
            let isOrder = Self.numbers.contains(name) && generator.chance(0.6)
            let placeholder = "condition\(values.count)"
            let isScalar = !["plan", "history"].contains(name)
            values[placeholder] = name == "pk" ? .string(key()) : isScalar ? value(of: name) : .number(number())
            return "#\(name) \(pick(isOrder ? ["<", "<=", ">", ">="] : ["=", "=", "<>"])) :\(placeholder)"
        }
    }

    // MARK: Queries

    private mutating func due() -> Write.Expression {
        generator.chance(0.5)
            ? .init("#open = :condition0", ["condition0": "1"])
            : .init(
                "(#open = :condition0 AND #dueAt <= :condition1)",
                ["condition0": "1", "condition1": .number(number())])
    }

    /// All pages, with a write between two now and then.
    private mutating func query(_ table: Table) throws {
        let (condition, limit) = (due(), Int.random(in: 1...3, using: &generator))
        var next: JSON?
        repeat {
            next = try table.query(index: "due", condition, limit: limit, after: next).next
            if generator.chance(0.3) { _ = try? table.write(write(to: key())) }
            // An item that is moved on again and again is met again and again.
            if generator.chance(0.1) { return }
        } while next != nil
    }
}
