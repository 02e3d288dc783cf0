extension StringProtocol where SubSequence == Substring {
    /// Without white space at either end.
    public var trimmed: Substring {
        var rest = self[...].unicodeScalars
        while rest.first?.properties.isWhitespace == true { rest.removeFirst() }
        while rest.last?.properties.isWhitespace == true { rest.removeLast() }
        return Substring(rest)
    }
}

extension StringProtocol {
    /// The longest prefix of at most `limit` UTF-16 units that splits no character of two units.
    public func prefix(utf16 limit: Int) -> String {
        var kept = String.UnicodeScalarView()
        var units = 0
        for scalar in unicodeScalars {
            units += UTF16.width(scalar)
            if units > limit { break }
            kept.append(scalar)
        }
        return String(kept)
    }

    /// The beginning of a foreign text, for an error: an error is one sentence, and a vendor's page must fill neither a
    /// log line nor an item of the ledger.
    public var excerpt: String { prefix(utf16: 255) }
}

extension StringProtocol {
    /// An id that somebody else has chosen, for logs and the ledger: at most 128 characters, each of visible ASCII.
    public var boundedID: String {
        String(
            unicodeScalars.prefix(128).map { ("!"..."~").contains($0) ? Character($0) : "?" })
    }
}

/// Whether the byte is an ASCII digit.
public func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

/// Whether two names, such as those of headers, differ in the case of ASCII letters at most.
public func isEqualIgnoringCase(_ one: String, _ other: String) -> Bool {
    one.utf8.elementsEqual(other.utf8) { lowerCase($0) == lowerCase($1) }
}

private func lowerCase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
