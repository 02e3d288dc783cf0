import Basics
import Glibc
import HTTP

/// The configuration of a program. Reading never fails at once: every fault is gathered, so that whoever deploys sees
/// them all in one message, each by the name of its variable.
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
            // Not `split`, which takes the text character by character: twice as long for all of it.
            if let equals = strchr(text, Int32(UInt8(ascii: "="))) {
                let name = UnsafeRawBufferPointer(start: text, count: equals - text)
                values[String(decoding: name, as: UTF8.self)] = String(cString: equals + 1)
            }
            entry += 1
        }
        return Environment(values)
    }

    /// The value, without the white space that pasting brings; nil when empty or not set.
    public func optional(_ name: String) -> String? {
        let text = values[name].map { String($0.trimmed) }
        return text?.isEmpty == true ? nil : text
    }

    /// The value, which must be there unless there is a default.
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

    /// An outside address: `https`, but for loopback's.
    public mutating func url(_ name: String) -> String {
        let text = self.text(name)
        guard !text.isEmpty else { return text }
        if !HTTPClient.isAllowed(url: text) { fault(name, "must be a URL that starts with https://") }
        return text
    }

    /// Notes a fault of a value that only the caller can judge.
    public mutating func fault(_ name: String, _ what: String) {
        faults.append("\(name) \(what)")
    }

    /// Throws all faults as one `Configuration` error.
    public func check() throws(FunctionError) {
        guard faults.isEmpty else { throw FunctionError("Configuration", faults.joined(separator: "; ")) }
    }
}
