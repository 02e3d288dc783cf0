import Basics

/// One event, as the Runtime API hands it over.
public struct Invocation: Sendable {
    public var requestID: String
    /// When Lambda kills the process.
    public var deadline: Timestamp
    public var traceID: String?
    public var payload: [UInt8]

    public init(requestID: String, deadline: Timestamp, traceID: String? = nil, payload: [UInt8]) {
        self.requestID = requestID
        self.deadline = deadline
        self.traceID = traceID
        self.payload = payload
    }
}
