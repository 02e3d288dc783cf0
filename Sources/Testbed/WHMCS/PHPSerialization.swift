import JSON

/// The text is not the output of PHP's `serialize`. `offset` is in bytes.
struct PHPSerializationError: Error, Equatable {
    var offset: Int
}

/// Parses the output of PHP's `serialize`: null, bool, int, float, string or array (as an object, keys as text). It is as
/// strict as `unserialize`: lengths are in bytes, counts are exact, nothing may follow.
func phpUnserialized(_ bytes: [UInt8]) throws(PHPSerializationError) -> JSON {
    var reader = PHPReader(bytes: bytes)
    let value = try reader.value()
    if reader.offset != bytes.count { throw reader.error }
    return value
}

private struct PHPReader {
    let bytes: [UInt8]
    var offset = 0

    var error: PHPSerializationError { PHPSerializationError(offset: offset) }

    mutating func value() throws(PHPSerializationError) -> JSON {
        guard offset < bytes.count else { throw error }
        let type = bytes[offset]
        offset += 1
        switch type {
        case UInt8(ascii: "N"):
            try expect(";")
            return .null
        case UInt8(ascii: "b"):
            try expect(":")
            guard let flag = ["0": false, "1": true][try text(upTo: ";")] else { throw error }
            return .bool(flag)
        case UInt8(ascii: "i"):
            try expect(":")
            return .number(try integer(upTo: ";"))
        case UInt8(ascii: "d"):
            try expect(":")
            guard let number = Double(try text(upTo: ";")) else { throw error }
            return .number(number)
        case UInt8(ascii: "s"):
            return .string(try string())
        case UInt8(ascii: "a"):
            return .object(try array())
        default:
            throw error
        }
    }

    private mutating func string() throws(PHPSerializationError) -> String {
        try expect(":")
        let length = try integer(upTo: ":")
        try expect("\"")
        guard length >= 0, length <= bytes.count - offset,
            let text = String(validating: bytes[offset..<offset + length], as: UTF8.self)
        else { throw error }
        offset += length
        try expect("\";")
        return text
    }

    private mutating func array() throws(PHPSerializationError) -> [String: JSON] {
        try expect(":")
        let count = try integer(upTo: ":")
        guard count >= 0 else { throw error }
        try expect("{")
        var members: [String: JSON] = [:]
        for _ in 0..<min(count, bytes.count) {
            let key = try value()
            switch key {
            case .number, .string: members[key.stringOrNumber ?? ""] = try value()
            default: throw error
            }
        }
        try expect("}")
        return members
    }

    private mutating func integer(upTo end: Character) throws(PHPSerializationError) -> Int {
        guard let number = Int(try text(upTo: end)) else { throw error }
        return number
    }

    private mutating func text(upTo end: Character) throws(PHPSerializationError) -> String {
        guard let close = bytes[offset...].firstIndex(of: end.asciiValue ?? 0) else { throw error }
        defer { offset = close + 1 }
        return String(decoding: bytes[offset..<close], as: UTF8.self)
    }

    private mutating func expect(_ text: String) throws(PHPSerializationError) {
        guard bytes[offset...].starts(with: text.utf8) else { throw error }
        offset += text.utf8.count
    }
}
