import JSON

/// The part of SOQL that the simulator supports:
/// `SELECT path, (SELECT path FROM Children) FROM Type WHERE path = value AND … ORDER BY path LIMIT n`.
struct SOQL: Equatable {
    enum Item: Equatable {
        case path([String])
        case children(SOQL)
    }

    struct Condition: Equatable {
        var path: [String]
        var isNegated: Bool
        /// `<`, for times.
        var isBefore = false
        /// One value for `=`, several for `IN`.
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
    var rest = text[...]
    while let character = rest.first {
        if character.isWhitespace {
            rest.removeFirst()
        } else if character == "'" {
            rest.removeFirst()
            tokens.append(.literal(try soqlLiteral(&rest)))
        } else if character.isWordPart {
            let word = rest.prefix { $0.isWordPart }
            tokens.append(.word(String(word)))
            rest = rest.dropFirst(word.count)
        } else if rest.hasPrefix("!=") || rest.hasPrefix("<>") {
            tokens.append(.sign("!="))
            rest = rest.dropFirst(2)
        } else if "(),=<".contains(character) {
            tokens.append(.sign(String(character)))
            rest.removeFirst()
        } else {
            throw malformed("unexpected token: '\(character)'")
        }
    }
    return tokens
}

/// Consumes the text up to the closing quote, and returns it without backslashes.
private func soqlLiteral(_ rest: inout Substring) throws(SalesforceRefusal) -> String {
    let escapes: [Character: Character] = ["n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "\"": "\""]
    var text = ""
    while let character = rest.popFirst() {
        if character == "'" { return text }
        if character == "\\" {
            guard let escape = rest.popFirst(), let meant = escapes[escape] else { break }
            text.append(meant)
        } else {
            text.append(character)
        }
    }
    throw malformed("unterminated string literal, or an illegal escape in it")
}

extension Character {
    fileprivate var isWordPart: Bool { isASCII && (isLetter || isNumber || "_.-+:".contains(self)) }
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
            return SOQL.Condition(path: path, isNegated: false, values: values)
        }
        if takes(sign: "<") {
            return SOQL.Condition(path: path, isNegated: false, isBefore: true, values: [try value()])
        }
        let isNegated = takes(sign: "!=")
        if !isNegated { try expect(sign: "=") }
        return SOQL.Condition(path: path, isNegated: isNegated, values: [try value()])
    }

    private mutating func value() throws(SalesforceRefusal) -> JSON {
        switch next() {
        case .literal(let text): return .string(text)
        case .word(let text):
            if text.lowercased() == "null" { return .null }
            if let number = Double(text) { return .number(number) }
            if text.wholeMatch(of: /\d{4}-\d\d-\d\dT[\d:.]+Z/) != nil { return .string(text) }
            throw malformed("unexpected token: '\(text)'")
        case let token: throw malformed("unexpected token: '\(token?.text ?? "<EOF>")'")
        }
    }

    private mutating func path() throws(SalesforceRefusal) -> [String] {
        let parts = try word().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.contains("") { throw malformed("unexpected token: '.'") }
        return parts
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
