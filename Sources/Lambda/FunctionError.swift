import Basics
import JSON

/// An error as Lambda, its logs and its alarms show it: a type to count by, and a sentence.
public struct FunctionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// In upper camel case, such as `MalformedEvent`.
    public var type: String
    public var message: String

    public init(_ type: String, _ message: String) {
        self.type = type
        self.message = message
    }

    /// Any other error has the name of its type.
    public init(_ error: any Error) {
        if let error = error as? FunctionError {
            self = error
        } else {
            self.init(String(describing: Swift.type(of: error)), String(describing: error))
        }
    }

    public var description: String { "\(type): \(message)" }

    /// Lambda records a type that is not of the form `Function.Name` as `Function.Unknown`.
    var headerType: String {
        let letters = type.filter { $0.isASCII && $0.isLetter }
        return "Function." + (letters.prefix(1).uppercased() + letters.dropFirst()).ifEmpty("Error")
    }

    /// The report to Lambda, which is also the log line.
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
