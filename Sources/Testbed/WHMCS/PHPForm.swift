import Basics

/// A form as PHP parses it: `pid[0]=1&pid[]=2` is an array named pid, everything else is text.
struct PHPForm {
    private(set) var texts: [String: String] = [:]
    /// Keys as text, in the order of arrival. PHP numbers `[]` on from the highest number.
    private(set) var arrays: [String: [(key: String, value: String)]] = [:]

    init(_ fields: [(name: String, value: String)]) {
        for (name, value) in fields {
            guard let open = name.utf8.firstIndex(of: UInt8(ascii: "[")), open != name.startIndex,
                let close = name.utf8[open...].firstIndex(of: UInt8(ascii: "]"))
            else {
                texts[name] = value
                continue
            }
            let base = String(name[..<open])
            var key = String(name[name.index(after: open)..<close])
            if key.isEmpty { key = String((arrays[base] ?? []).compactMap { Int($0.key) }.reduce(-1, max) + 1) }
            arrays[base, default: []].removeAll { $0.key == key }
            arrays[base, default: []].append((key, value))
        }
    }

    /// The parameter as text; empty when it is missing.
    subscript(name: String) -> String { texts[name] ?? "" }

    /// The parameter after PHP's `(int)`: its leading digits, or 0. Nil when it is missing or empty.
    func integer(_ name: String) -> Int? {
        guard let text = texts[name], !text.isEmpty else { return nil }
        return Int(Substring(text.utf8.prefix(while: isDigit))) ?? 0
    }

    /// Only "" and "0" are false; "false" and "no" are true.
    func bool(_ name: String) -> Bool {
        !["", "0"].contains(self[name])
    }

    /// The element of an array parameter; empty when it is missing.
    func element(_ name: String, _ key: String) -> String {
        arrays[name]?.last { $0.key == key }?.value ?? ""
    }
}
