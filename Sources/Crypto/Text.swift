import COpenSSL

/// Lower-case hexadecimal.
public func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The bytes of a hexadecimal text in either case; nil for any other text.
public func bytes(hex text: String) -> [UInt8]? {
    let digits = text.utf8.map(value)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = digits[index], let low = digits[index + 1] else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}

private func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Base64 with padding and without line breaks (RFC 4648, section 4).
public func base64(_ bytes: [UInt8]) -> String {
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
    return String(decoding: text.prefix(Int(count)), as: UTF8.self)
}

/// Base64 in the URL alphabet without padding (RFC 4648, section 5).
public func base64URL(_ bytes: [UInt8]) -> String {
    String(
        base64(bytes).compactMap { character in
            switch character {
            case "+": "-"
            case "/": "_"
            case "=": nil
            default: character
            }
        })
}

/// The bytes of a base64 text; nil for any other text.
public func bytes(base64 text: String) -> [UInt8]? {
    let characters = Array(text.utf8)
    var bytes = [UInt8](repeating: 0, count: characters.count / 4 * 3)
    guard EVP_DecodeBlock(&bytes, characters, Int32(characters.count)) >= 0 else { return nil }
    // OpenSSL decodes padding to zeros.
    bytes = bytes.dropLast(characters.reversed().prefix { $0 == UInt8(ascii: "=") }.count)
    // OpenSSL accepts white space, dashes, and padding in the middle.
    return base64(bytes) == text ? bytes : nil
}
