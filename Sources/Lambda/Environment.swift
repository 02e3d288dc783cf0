import Basics
import Glibc
import HTTP

/// The configuration of a program. Reading a variable does not throw: `check` reports every missing or invalid variable by
/// name, in one error.
public struct Environment {
    public let values: [String: String]
    public private(set) var faults: [String] = []

    public init(_ values: [String: String]) {
        self.values = values
    }

    public static func ofProcess() -> Environment {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            // Not `split`, which reads character by character and takes twice as long.
            if let equals = strchr(text, Int32(UInt8(ascii: "="))) {
                let name = UnsafeRawBufferPointer(start: text, count: equals - text)
                values[String(decoding: name, as: UTF8.self)] = String(cString: equals + 1)
            }
            entry += 1
        }
        return Environment(values)
    }

    /// The value without white space at its ends, as pasting adds it; nil when empty or not set.
    public func optional(_ name: String) -> String? {
        let text = values[name].map { String($0.trimmed) }
        return text?.isEmpty == true ? nil : text
    }

    /// The value, which must be set unless there is a default.
    public mutating func text(_ name: String, default fallback: String? = nil) -> String {
        guard let text = optional(name) ?? fallback else {
            fault(name, "is not set")
            return ""
        }
        return text
    }

    public mutating func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optional(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            fault(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return fallback
        }
        return number
    }

    public mutating func flag(_ name: String, default fallback: Bool) -> Bool {
        guard let text = optional(name)?.lowercased() else { return fallback }
        guard text == "true" || text == "false" else {
            fault(name, "must be true or false")
            return fallback
        }
        return text == "true"
    }

    /// The URL of an external server, which must use `https`; loopback is exempt.
    public mutating func url(_ name: String) -> String {
        let text = self.text(name)
        guard !text.isEmpty else { return text }
        if (try? Origin(text))?.isAllowed() != true { fault(name, "must be an https URL without a user name") }
        return text
    }

    /// Records a fault that the caller found.
    public mutating func fault(_ name: String, _ what: String) {
        faults.append("\(name) \(what)")
    }

    /// Throws all faults in one `Configuration` error.
    public func check() throws(FunctionError) {
        guard faults.isEmpty else { throw FunctionError("Configuration", faults.joined(separator: "; ")) }
    }
}
