import Basics
import JSON

/// An error in the form Lambda, its logs and its alarms show: a type to count by and a sentence for a person.
public struct FunctionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An upper-camel-case word, `MalformedEvent` say.
    public var type: String
    public var message: String

    public init(_ type: String, _ message: String) {
        self.type = type
        self.message = message
    }

    /// Any other error under the name of its type; the modules' own errors, which are all called `Failure`, with their
    /// module's before it: "AWSFailure".
    public init(_ error: any Error) {
        if let error = error as? FunctionError {
            self = error
        } else {
            let type = Swift.type(of: error)
            let module = String(reflecting: type).prefix { $0 != "." }
            let name = String(describing: type)
            self.init(name == "Failure" ? module + name : name, String(describing: error))
        }
    }

    public var description: String { "\(type): \(message)" }

    /// Lambda records anything that is not shaped `Function.Name` as `Function.Unknown`.
    var headerType: String {
        let letters = type.filter { $0.isASCII && $0.isLetter }
        return "Function." + (letters.prefix(1).uppercased() + letters.dropFirst()).ifEmpty("Error")
    }

    /// What is posted to Lambda and, the same bytes, logged.
    func body(requestID: String?, now: Timestamp) -> [UInt8] {
        JSON.object([
            "errorType": .string(type), "errorMessage": .string(message), "stackTrace": [], "level": "ERROR",
            "requestId": .string(requestID), "timestamp": .string(now.iso8601),
        ]).bytes
    }
}

extension String {
    fileprivate func ifEmpty(_ other: String) -> String { isEmpty ? other : self }
}
