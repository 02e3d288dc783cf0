import AWS
import Basics
import JSON

/// Changes to the attributes of one item, made together.
struct ItemUpdate {
    private var values: [Attribute: JSON] = [:]
    private var functions: [(text: String, values: [String: JSON])] = []

    /// - Parameter values: what to set; null removes the attribute.
    init(_ values: [Attribute: JSON] = [:]) {
        self.values = values
    }

    /// What to set; null removes the attribute, nil leaves it as it is.
    subscript(_ attribute: Attribute) -> JSON? {
        get { values[attribute] }
        set { values[attribute] = newValue }
    }

    mutating func increment(_ attribute: Attribute) {
        functions.append(("#\(attribute) = if_not_exists(#\(attribute), :zero) + :one", ["zero": 0, "one": 1]))
    }

    mutating func setIfAbsent(_ attribute: Attribute, _ value: JSON) {
        functions.append(("#\(attribute) = if_not_exists(#\(attribute), :\(attribute))", [attribute.rawValue: value]))
    }

    mutating func append(_ entry: JSON, to list: Attribute) {
        functions.append(
            ("#\(list) = list_append(if_not_exists(#\(list), :empty), :added)", ["empty": [], "added": [entry]]))
    }

    var expression: Write.Expression {
        let sorted = values.sorted { $0.key.rawValue < $1.key.rawValue }
        let set = sorted.filter { $0.value != .null }
        let removals = sorted.filter { $0.value == .null }.map { "#\($0.key)" }
        let assignments = set.map { "#\($0.key) = :\($0.key)" } + functions.map(\.text)
        var parts: [String] = []
        if !assignments.isEmpty { parts.append("SET " + assignments.joined(separator: ", ")) }
        if !removals.isEmpty { parts.append("REMOVE " + removals.joined(separator: ", ")) }
        var placeholders = Dictionary(uniqueKeysWithValues: set.map { ($0.key.rawValue, $0.value) })
        for function in functions { placeholders.merge(function.values) { $1 } }
        return Write.Expression(parts.joined(separator: " "), placeholders)
    }
}

/// What an item must be for a write to happen. DynamoDB compares an attribute that is absent as false.
indirect enum Condition {
    case absent(Attribute)
    case present(Attribute)
    case compare(Attribute, String, JSON)
    case join(Condition, String, Condition)

    static func equal(_ attribute: Attribute, _ value: JSON) -> Condition { .compare(attribute, "=", value) }
    static func before(_ attribute: Attribute, _ time: JSON) -> Condition { .compare(attribute, "<", time) }
    static func status(_ status: LedgerOrder.Status) -> Condition { .equal(.status, .string(status.rawValue)) }
    static func && (one: Condition, other: Condition) -> Condition { .join(one, "AND", other) }
    static func || (one: Condition, other: Condition) -> Condition { .join(one, "OR", other) }

    var expression: Write.Expression {
        var values: [String: JSON] = [:]
        let text = text(&values)
        return Write.Expression(text, values)
    }

    private func text(_ values: inout [String: JSON]) -> String {
        switch self {
        case .absent(let attribute): return "attribute_not_exists(#\(attribute))"
        case .present(let attribute): return "attribute_exists(#\(attribute))"
        case .compare(let attribute, let comparison, let value):
            // An update in the same request may set the same attribute to another value.
            let placeholder = "condition\(values.count)"
            values[placeholder] = value
            return "#\(attribute) \(comparison) :\(placeholder)"
        case .join(let one, let word, let other):
            return "(\(one.text(&values)) \(word) \(other.text(&values)))"
        }
    }
}

extension Attribute: CustomStringConvertible {
    var description: String { rawValue }
}

extension Write {
    static func update(_ key: String, _ update: ItemUpdate, if condition: Condition) -> Write {
        .update(key, update.expression, if: condition.expression)
    }
}

extension Table.Item {
    subscript(_ attribute: Attribute) -> JSON? { self[attribute.rawValue] }
}
