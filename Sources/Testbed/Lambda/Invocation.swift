import Basics
import Foundation
import JSON

/// One event on its way to a function.
struct Invocation: Sendable {
    var requestId = UUID().uuidString.lowercased()
    var payload: [UInt8]
    var clientContext: String?
    /// The trace that it belongs to.
    var traceRoot = Invocation.newTraceRoot()
    /// The function's segment in the trace.
    var segment = String(UUID().uuidString.lowercased().filter { $0 != "-" }.suffix(16))
    /// When the function must have answered. Set when a process takes the event.
    var deadline = Timestamp(milliseconds: 0)

    static func newTraceRoot() -> String {
        let random = UUID().uuidString.lowercased().filter { $0 != "-" }
        return "1-\(String(Timestamp.now().seconds, radix: 16))-\(random.prefix(24))"
    }
}

/// How an invocation ended.
public struct InvocationResult: Sendable {
    public var requestId: String
    /// The function's answer, or its error as JSON.
    public var payload: [UInt8]
    /// `Runtime.ExitError`, `Sandbox.Timedout`, or the type that the program reported; nil when the function succeeded.
    public var errorType: String?

    init(requestId: String, payload: [UInt8], errorType: String? = nil) {
        self.requestId = requestId
        self.payload = payload
        self.errorType = errorType
    }

    /// The payload as JSON; null when it is not JSON.
    public var json: JSON { JSON(payload) ?? .null }

    /// An error that Lambda itself reports.
    static func failed(_ requestId: String, _ errorType: String, _ message: String) -> InvocationResult {
        let error: JSON = [
            "errorType": .string(errorType), "errorMessage": .string("RequestId: \(requestId) Error: \(message)"),
        ]
        return InvocationResult(requestId: requestId, payload: error.bytes, errorType: errorType)
    }
}
