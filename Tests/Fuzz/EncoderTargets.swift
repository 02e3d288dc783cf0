import Crypto
import HTTP
import Salesforce

@testable import WHMCS

/// What the suite writes of foreign text, read back by decoders of their own.
let encoderTargets = [
    Target("form") { bytes in
        let parts = parts(bytes, 2).map(text)
        let encoded = formEncoded([(parts[0], parts[1]), ("b", parts[0])])
        precondition(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
        let decoded = encoded.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            pair.split(separator: "=", omittingEmptySubsequences: false).map(percentDecoded)
        }
        precondition(decoded == [[parts[0], parts[1]], ["b", parts[0]]])
    },
    Target("php") { bytes in
        var fields: [Int: String] = [:]
        for (index, part) in parts(bytes).enumerated() { fields[index * 37] = text(part) }
        let serialized = Crypto.bytes(base64: PHPSerialized.base64(fields))
        precondition(serialized.flatMap(phpArray) == fields)
    },
    Target("soql") { bytes in
        let literal = Array(SOQL.literal(text(bytes)).utf8)
        precondition(literal.first == quote && literal.last == quote && literal.count >= 2)
        // Unescaped, the quote must not end the literal before its end.
        var unescaped: [UInt8] = []
        var rest = literal.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            precondition(byte != quote)
            guard byte == UInt8(ascii: "\\") else {
                unescaped.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { preconditionFailure("an escape without a character") }
            unescaped.append(escaped)
        }
        precondition(text(unescaped) == text(bytes))
        _ = SOQL.isFieldPath(text(bytes))
    },
]

private let quote = UInt8(ascii: "'")

private func percentDecoded(_ encoded: Substring) -> String {
    var decoded: [UInt8] = []
    var rest = encoded.utf8
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            decoded.append(byte)
            continue
        }
        guard let value = UInt8(text(rest.prefix(2)), radix: 16) else { preconditionFailure("a percent sign alone") }
        decoded.append(value)
        rest = rest.dropFirst(2)
    }
    return text(decoded)
}

/// `unserialize` of PHP, of an array of texts by number.
private func phpArray(_ bytes: [UInt8]) -> [Int: String]? {
    var rest = bytes[...]
    func take(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }
    func number() -> Int? {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        rest = rest.dropFirst(digits.count)
        return Int(text(digits))
    }
    guard take("a:"), let count = number(), take(":{") else { return nil }
    var fields: [Int: String] = [:]
    for _ in 0..<count {
        guard take("i:"), let key = number(), take(";s:"), let length = number(), take(":\"") else { return nil }
        fields[key] = text(rest.prefix(length))
        rest = rest.dropFirst(length)
        guard take("\";") else { return nil }
    }
    return take("}") && rest.isEmpty ? fields : nil
}
