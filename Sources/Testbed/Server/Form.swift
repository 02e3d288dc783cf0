/// The fields of an `application/x-www-form-urlencoded` text, in the order of arrival.
package func formFields(_ text: String) -> [(name: String, value: String)] {
    Array(text.utf8).split(separator: UInt8(ascii: "&")).map { field in
        let name = field.prefix { $0 != UInt8(ascii: "=") }
        return (formDecoded(name), formDecoded(field[name.endIndex...].dropFirst()))
    }
}

/// A plus is a space. A percent sign that begins no escape stands for itself.
private func formDecoded(_ text: ArraySlice<UInt8>) -> String {
    var decoded: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2, let high = hexDigit(rest[rest.startIndex]),
            let low = hexDigit(rest[rest.startIndex + 1])
        {
            decoded.append(high << 4 | low)
            rest.removeFirst(2)
        } else {
            decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
}

extension ServerRequest {
    /// The fields of a form-encoded body; none when the body's type is another.
    package var form: [(name: String, value: String)] {
        guard header("content-type")?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true else {
            return []
        }
        return formFields(String(decoding: body, as: UTF8.self))
    }
}

extension [(name: String, value: String)] {
    /// The value of the last field with that name, as most servers read it.
    package subscript(name: String) -> String? {
        last { $0.name == name }?.value
    }
}
