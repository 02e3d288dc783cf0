import Basics

/// The parts of a query that come from outside.
public enum SOQL {
    /// Whether the text is a field, or a path to one: API names joined by dots. Nothing else may enter a query.
    public static func isFieldPath(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { name in
            (name.utf8.first.map(isLetter) ?? false)
                && name.utf8.allSatisfy { isLetter($0) || $0 == UInt8(ascii: "_") || isDigit($0) }
        }
    }

    /// The text as a string literal ("Quoted String Escape Sequences").
    public static func literal(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "'") { escaped.append(UInt8(ascii: "\\")) }
            escaped.append(byte)
        }
        return "'\(String(decoding: escaped, as: UTF8.self))'"
    }

    /// A SELECT list. Salesforce refuses a query that names a field twice.
    static func list(_ paths: [String]) -> String {
        var seen: Set<String> = []
        return paths.filter { seen.insert($0.lowercased()).inserted }.joined(separator: ", ")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xdf)
    }
}
