import AWS
import Basics
import JSON

/// Changes to the attributes of one item, made together: what to set, in the order given; null removes the attribute.
struct ItemUpdate: ExpressibleByDictionaryLiteral {
    // A list, since it is short: the code that sorts or hashes it would be longer than all the rest.
    private var values: [(attribute: Attribute, value: JSON)]
    private var functions: [(text: String, values: [String: JSON])] = []

    init(dictionaryLiteral values: (Attribute, JSON)...) {
        self.values = values
    }

    /// What to set; null removes the attribute, nil leaves it as it is.
    subscript(_ attribute: Attribute) -> JSON? {
        get { values.first { $0.attribute == attribute }?.value }
        set {
            values.removeAll { $0.attribute == attribute }
            if let newValue { values.append((attribute, newValue)) }
        }
    }

    mutating func increment(_ attribute: Attribute) {
        functions.append(("#\(attribute) = if_not_exists(#\(attribute), :zero) + :one", ["zero": 0, "one": 1]))
    }

    mutating func setIfAbsent(_ attribute: Attribute, _ value: JSON) {
        functions.append(("#\(attribute) = if_not_exists(#\(attribute), :\(attribute))", [attribute.rawValue: value]))
    }

    var expression: Write.Expression {
        var assignments: [String] = []
        var removals: [String] = []
        var placeholders: [String: JSON] = [:]
        for (attribute, value) in values {
            if value == .null {
                removals.append("#\(attribute)")
            } else {
                assignments.append("#\(attribute) = :\(attribute)")
                placeholders[attribute.rawValue] = value
            }
        }
        for function in functions {
            assignments.append(function.text)
            for (name, value) in function.values { placeholders[name] = value }
        }
        var parts: [String] = []
        if !assignments.isEmpty { parts.append("SET " + assignments.joined(separator: ", ")) }
        if !removals.isEmpty { parts.append("REMOVE " + removals.joined(separator: ", ")) }
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
