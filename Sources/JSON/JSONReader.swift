extension JSON {
    /// Reads a JSON text (RFC 8259); of members with the same name the last counts.
    ///
    /// - Returns: nil when the bytes are no JSON, or hold a number beyond the range of Double.
    public init?(_ bytes: [UInt8]) {
        // Checked once here, not string by string.
        guard (try? UTF8Span(validating: bytes.span)) != nil else { return nil }
        let value = bytes.withUnsafeBufferPointer { bytes in
            var reader = JSONReader(bytes)
            return reader.text()
        }
        guard let value else { return nil }
        self = value
    }
}

/// A strict reader of UTF-8. It exists because FoundationEssentials takes a quarter of a zip and a tenth of a start.
private struct JSONReader {
    /// Levels of nesting, bounded because a thread's stack is.
    private static let deepest = 512

    /// A pointer for speed. It is read only by `next`, which checks the end, and before `position`.
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position: Int

    private struct Member {
        var name: String
        var value: JSON
    }

    /// The members of the objects that are being read, those of the innermost last. Not one list for each object: making
    /// and growing lists takes longer than reading.
    private var members: [Member] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        // A PHP file saved with a byte order mark sends it before all output.
        position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    }

    mutating func text() -> JSON? {
        guard let value = value(depth: 0) else { return nil }
        skipSpace()
        return position == bytes.count ? value : nil
    }

    private mutating func value(depth: Int) -> JSON? {
        guard depth <= Self.deepest else { return nil }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return object(depth: depth + 1)
        case UInt8(ascii: "["): return array(depth: depth + 1)
        case UInt8(ascii: "\""): return string().map(JSON.string)
        case UInt8(ascii: "t"): return takeWord("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return takeWord("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return takeWord("null") ? .null : nil
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> JSON? {
        position += 1
        guard !takeMark("}") else { return .object([:]) }
        let start = members.count
        repeat {
            skipSpace()
            guard let name = string(), takeMark(":"), let value = value(depth: depth) else { return nil }
            members.append(Member(name: name, value: value))
        } while takeMark(",")
        guard takeMark("}") else { return nil }
        // At once: a growing dictionary hashes all its members again and again.
        let object = Dictionary(members[start...].lazy.map { ($0.name, $0.value) }) { $1 }
        members.removeLast(members.count - start)
        return .object(object)
    }

    private mutating func array(depth: Int) -> JSON? {
        var values: [JSON] = []
        position += 1
        guard !takeMark("]") else { return .array(values) }
        repeat {
            guard let value = value(depth: depth) else { return nil }
            values.append(value)
        } while takeMark(",")
        return takeMark("]") ? .array(values) : nil
    }

    private mutating func number() -> JSON? {
        let start = position
        _ = take("-")
        // "01" is no number: nothing may follow the zero but the value's end.
        guard take("0") || takeDigits() else { return nil }
        if take("."), !takeDigits() { return nil }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            guard takeDigits() else { return nil }
        }
        guard let number = Double(text(from: start)), number.isFinite else { return nil }
        return .number(number)
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        let start = position
        while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
        if next == UInt8(ascii: "\"") {
            defer { position += 1 }
            return text(from: start)
        }
        return escapedString(from: start)
    }

    /// The string that began at `start`, from its first escape on.
    private mutating func escapedString(from start: Int) -> String? {
        var unescaped = Array(bytes[start..<position])
        while let byte = next, byte >= 0x20 {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: unescaped, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let character = escape() else { return nil }
                unescaped.append(contentsOf: Character(character).utf8)
            default:
                unescaped.append(byte)
                position += 1
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        position += 1
        defer { position += 1 }
        switch next {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return codePoint()
        default: return nil
        }
    }

    /// The `XXXX` of `\uXXXX`, or the two of a surrogate pair; ends on the last digit.
    private mutating func codePoint() -> Unicode.Scalar? {
        guard let unit = codeUnit() else { return nil }
        guard UTF16.isLeadSurrogate(unit) else { return Unicode.Scalar(unit) }
        position += 1
        guard take("\\"), next == UInt8(ascii: "u"), let trail = codeUnit(), UTF16.isTrailSurrogate(trail) else {
            return nil
        }
        return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
    }

    private mutating func codeUnit() -> UInt16? {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            position += 1
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// The text read since `start`.
    private func text(from start: Int) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    /// Steps over `word` if it comes next.
    private mutating func takeWord(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, word.withUTF8Buffer({ bytes[position..<end].elementsEqual($0) }) else { return false }
        position = end
        return true
    }

    private mutating func takeMark(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        return take(mark)
    }

    /// Steps over the ASCII character if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func takeDigits() -> Bool {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }
}
