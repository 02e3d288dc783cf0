/// Reads the expressions of one request, word by word, and keeps the placeholders that it meets.
///
/// Of DynamoDB's grammar it knows what the ledger uses. `#name` always stands for the attribute `name`.
struct ExpressionParser {
    /// Each `#name`, once.
    private(set) var names: [String] = []
    /// Each `:name`, once.
    private(set) var values: [String] = []
    private var text = ""
    private var words: ArraySlice<String> = []

    /// Begins with the next expression.
    mutating func start(_ text: String) throws(TableRefusal) {
        self.text = text
        words = try split()[...]
    }

    var next: String? { words.first }

    /// Whether the next word is this one, and steps over it then.
    mutating func take(_ word: String) -> Bool {
        guard words.first == word else { return false }
        words.removeFirst()
        return true
    }

    mutating func expect(_ word: String) throws(TableRefusal) {
        guard take(word) else { throw unsupported }
    }

    func expectEnd() throws(TableRefusal) {
        guard words.isEmpty else { throw unsupported }
    }

    /// The attribute that the next word names.
    mutating func attribute() throws(TableRefusal) -> String {
        guard let word = words.first, word.hasPrefix("#") else { throw unsupported }
        words.removeFirst()
        if !names.contains(word) { names.append(word) }
        return String(word.dropFirst())
    }

    /// The place in `values` of the value that the next word names.
    mutating func value() throws(TableRefusal) -> Int {
        guard let word = words.first, word.hasPrefix(":") else { throw unsupported }
        words.removeFirst()
        if let place = values.firstIndex(of: word) { return place }
        values.append(word)
        return values.count - 1
    }

    /// The refusal of the next word.
    var unsupported: TableRefusal {
        .unsupported((words.first.map { "\"\($0)\"" } ?? "the end") + " here in the expression \(text)")
    }

    private func split() throws(TableRefusal) -> [String] {
        var words: [String] = []
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            let start = position
            position += 1
            switch bytes[start] {
            case UInt8(ascii: " "): continue
            case let byte where byte == UInt8(ascii: "#") || byte == UInt8(ascii: ":") || isWordByte(byte):
                while position < bytes.count, isWordByte(bytes[position]) { position += 1 }
            case UInt8(ascii: "<"), UInt8(ascii: ">"):
                let isPair = position < bytes.count && isSecondOfPair(bytes[position], after: bytes[start])
                if isPair { position += 1 }
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: "="), UInt8(ascii: "+"): break
            default:
                throw .unsupported("the character at byte \(start) of the expression \(text)")
            }
            words.append(String(decoding: bytes[start..<position], as: UTF8.self))
        }
        return words
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// `<=`, `>=`, `<>`
    private func isSecondOfPair(_ byte: UInt8, after first: UInt8) -> Bool {
        byte == UInt8(ascii: "=") || byte == UInt8(ascii: ">") && first == UInt8(ascii: "<")
    }
}
