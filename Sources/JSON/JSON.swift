import Basics

/// A JSON value of any shape: vendors do not keep to one.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// A whole number; null when there is none.
    public static func number(_ value: Int?) -> JSON {
        guard let value else { return .null }
        return .number(Double(value))
    }

    /// Text; null when there is none.
    public static func string(_ value: String?) -> JSON {
        guard let value else { return .null }
        return .string(value)
    }

    /// A time as ms since 1970; null when there is none.
    public static func milliseconds(_ time: Timestamp?) -> JSON { .number(time?.milliseconds) }

    /// The member of that name, nil when this is no object or has none.
    public subscript(_ key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    public var array: [JSON]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    public var object: [String: JSON]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// A string, and nothing else.
    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// A string, or a number as text: `185.0` is "185". PHP and Salesforce send either for the same member.
    public var stringOrNumber: String? {
        switch self {
        case .string(let text): text
        case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
        default: nil
        }
    }

    /// A time from 1970 to 9999, given in ms since 1970: arithmetic on it does not overflow.
    public var timestamp: Timestamp? {
        integer.flatMap { 0...253_402_300_799_999 ~= $0 ? Timestamp(milliseconds: $0) : nil }
    }

    /// A whole number, given as number or text.
    public var integer: Int? {
        switch self {
        case .number(let number): Int(exactly: number)
        // Swift also reads "0x10" as a number.
        case .string(let text) where !text.contains("x") && !text.contains("X"):
            Int(text) ?? Double(text).flatMap(Int.init(exactly:))
        default: nil
        }
    }

    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { $1 })
    }
}
