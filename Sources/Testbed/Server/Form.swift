import Foundation

/// The fields of an `application/x-www-form-urlencoded` text, in the order of arrival.
func formFields(_ text: String) -> [(name: String, value: String)] {
    text.split(separator: "&").map { field in
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (formDecoded(parts[0]), parts.count > 1 ? formDecoded(parts[1]) : "")
    }
}

/// A plus is a space. A percent sign that begins no escape stands for itself.
private func formDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let escaped = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
            rest.count >= 2
        {
            bytes.append(escaped)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

extension ServerRequest {
    /// The fields of a form-encoded body; none when the body's type is another.
    var form: [(name: String, value: String)] {
        guard header("content-type")?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true else {
            return []
        }
        return formFields(String(decoding: body, as: UTF8.self))
    }
}

extension [(name: String, value: String)] {
    /// The value of the last field with that name, as most servers read it.
    subscript(name: String) -> String? {
        last { $0.name == name }?.value
    }
}
