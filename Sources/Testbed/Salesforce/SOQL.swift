import Basics
import JSON

/// The part of SOQL that the simulator supports:
/// `SELECT path, (SELECT path FROM Children) FROM Type WHERE path = value AND … ORDER BY path LIMIT n`, where `=` may also
/// be `!=`, `IN`, `<`, `>` or `>=`.
struct SOQL: Equatable {
    enum Item: Equatable {
        case path([String])
        case children(SOQL)
    }

    struct Condition: Equatable {
        enum Comparison: String, CaseIterable {
            case notEqual = "!="
            case atLeast = ">="
            case equal = "="
            case less = "<"
            case greater = ">"
        }

        var path: [String]
        var comparison: Comparison
        /// One value, or several for `IN`, which counts as equal.
        var values: [JSON]
    }

    var items: [Item] = []
    var from = ""
    var conditions: [Condition] = []
    var order: [(path: [String], descending: Bool)] = []
    var limit: Int?

    init(_ text: String) throws(SalesforceRefusal) {
        var parser = SOQLParser(tokens: try soqlTokens(text))
        self = try parser.query()
        if let token = parser.next() { throw malformed("unexpected token: '\(token.text)'") }
    }

    fileprivate init() {}

    static func == (left: SOQL, right: SOQL) -> Bool {
        left.items == right.items && left.from == right.from && left.conditions == right.conditions
            && left.limit == right.limit && left.order.elementsEqual(right.order, by: ==)
    }
}

private func malformed(_ message: String) -> SalesforceRefusal {
    SalesforceRefusal(status: 400, code: "MALFORMED_QUERY", message: message)
}

private enum SOQLToken: Equatable {
    case word(String)
    case literal(String)
    case sign(String)

    var text: String {
        switch self {
        case .word(let text), .literal(let text), .sign(let text): text
        }
    }
}

private func soqlTokens(_ text: String) throws(SalesforceRefusal) -> [SOQLToken] {
    var tokens: [SOQLToken] = []
    // Bytes: with characters this takes most of a query's time.
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
        if isSpace(byte) {
            rest.removeFirst()
        } else if byte == UInt8(ascii: "'") {
            rest.removeFirst()
            tokens.append(.literal(try soqlLiteral(&rest)))
        } else if isWordByte(byte) {
            let word = rest.prefix(while: isWordByte)
            tokens.append(.word(String(decoding: word, as: UTF8.self)))
            rest = rest[word.endIndex...]
        } else if rest.starts(with: "!=".utf8) || rest.starts(with: "<>".utf8) {
            tokens.append(.sign("!="))
            rest.removeFirst(2)
        } else if rest.starts(with: ">=".utf8) {
            tokens.append(.sign(">="))
            rest.removeFirst(2)
        } else if "(),=<>".utf8.contains(byte) {
            tokens.append(.sign(String(Unicode.Scalar(byte))))
            rest.removeFirst()
        } else {
            throw malformed("unexpected token: '\(String(decoding: rest, as: UTF8.self).prefix(1))'")
        }
    }
    return tokens
}

/// Consumes the text up to the closing quote, and returns it without backslashes.
private func soqlLiteral(_ rest: inout ArraySlice<UInt8>) throws(SalesforceRefusal) -> String {
    var text: [UInt8] = []
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "'") { return String(decoding: text, as: UTF8.self) }
        if byte == UInt8(ascii: "\\") {
            guard let escape = rest.popFirst(), let meant = unescaped(escape) else { break }
            text.append(meant)
        } else {
            text.append(byte)
        }
    }
    throw malformed("unterminated string literal, or an illegal escape in it")
}

private func unescaped(_ escape: UInt8) -> UInt8? {
    switch escape {
    case UInt8(ascii: "n"): UInt8(ascii: "\n")
    case UInt8(ascii: "r"): UInt8(ascii: "\r")
    case UInt8(ascii: "t"): UInt8(ascii: "\t")
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): escape
    default: nil
    }
}

private func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }

private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    default: isDigit(byte) || "_.-+:".utf8.contains(byte)
    }
}

/// `2026-11-20T10:15:30.000Z`
private func isTime(_ text: String) -> Bool {
    let shape = text.utf8.map { isDigit($0) ? UInt8(ascii: "0") : $0 }
    guard shape.starts(with: "0000-00-00T".utf8), shape.last == UInt8(ascii: "Z") else { return false }
    let time = shape.dropFirst(11).dropLast()
    return !time.isEmpty && time.allSatisfy("0:.".utf8.contains)
}

private struct SOQLParser {
    var tokens: [SOQLToken]
    var position = 0

    mutating func next() -> SOQLToken? {
        guard position < tokens.count else { return nil }
        position += 1
        return tokens[position - 1]
    }

    mutating func query() throws(SalesforceRefusal) -> SOQL {
        var query = SOQL()
        try expect(word: "SELECT")
        repeat { query.items.append(try item()) } while takes(sign: ",")
        try expect(word: "FROM")
        query.from = try word()
        if takes(word: "WHERE") {
            repeat { query.conditions.append(try condition()) } while takes(word: "AND")
        }
        if takes(word: "ORDER") {
            try expect(word: "BY")
            repeat {
                let path = try path()
                let descending = takes(word: "DESC")
                if !descending { _ = takes(word: "ASC") }
                query.order.append((path, descending))
            } while takes(sign: ",")
        }
        if takes(word: "LIMIT") {
            guard let limit = Int(try word()), limit >= 0 else { throw malformed("LIMIT expects a number") }
            query.limit = limit
        }
        return query
    }

    private mutating func item() throws(SalesforceRefusal) -> SOQL.Item {
        guard takes(sign: "(") else { return .path(try path()) }
        let children = try query()
        try expect(sign: ")")
        return .children(children)
    }

    private mutating func condition() throws(SalesforceRefusal) -> SOQL.Condition {
        let path = try path()
        if takes(word: "IN") {
            try expect(sign: "(")
            var values: [JSON] = []
            repeat { values.append(try value()) } while takes(sign: ",")
            try expect(sign: ")")
            return SOQL.Condition(path: path, comparison: .equal, values: values)
        }
        for comparison in SOQL.Condition.Comparison.allCases where takes(sign: comparison.rawValue) {
            return SOQL.Condition(path: path, comparison: comparison, values: [try value()])
        }
        throw malformed("unexpected token: '\(upcoming)', expected '='")
    }

    private mutating func value() throws(SalesforceRefusal) -> JSON {
        switch next() {
        case .literal(let text): return .string(text)
        case .word(let text):
            if text.lowercased() == "null" { return .null }
            if let flag = Bool(text.lowercased()) { return .bool(flag) }
            if let number = Double(text) { return .number(number) }
            if isTime(text) { return .string(text) }
            throw malformed("unexpected token: '\(text)'")
        case let token: throw malformed("unexpected token: '\(token?.text ?? "<EOF>")'")
        }
    }

    private mutating func path() throws(SalesforceRefusal) -> [String] {
        let parts = try word().utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.contains(where: \.isEmpty) { throw malformed("unexpected token: '.'") }
        return parts.map { String(Substring($0)) }
    }

    private mutating func word() throws(SalesforceRefusal) -> String {
        guard case .word(let text) = next() else {
            throw malformed("unexpected token: '\(position > 0 ? tokens[position - 1].text : "<EOF>")'")
        }
        return text
    }

    private mutating func takes(word: String) -> Bool {
        guard position < tokens.count, case .word(let text) = tokens[position], text.uppercased() == word else {
            return false
        }
        position += 1
        return true
    }

    private mutating func takes(sign: String) -> Bool {
        guard position < tokens.count, tokens[position] == .sign(sign) else { return false }
        position += 1
        return true
    }

    private mutating func expect(word: String) throws(SalesforceRefusal) {
        if !takes(word: word) { throw malformed("unexpected token: '\(upcoming)', expected \(word)") }
    }

    private mutating func expect(sign: String) throws(SalesforceRefusal) {
        if !takes(sign: sign) { throw malformed("unexpected token: '\(upcoming)', expected '\(sign)'") }
    }

    private var upcoming: String {
        position < tokens.count ? tokens[position].text : "<EOF>"
    }
}
