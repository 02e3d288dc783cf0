import Basics
/// One event, as the Runtime API hands it over.
public struct Invocation: Sendable {
    public var requestID: String
    /// When Lambda kills the process, in ms since 1970.
    public var deadline: Timestamp
    public var functionARN: String?
    public var traceID: String?
    public var payload: [UInt8]

    public init(
        requestID: String, deadline: Timestamp, functionARN: String? = nil, traceID: String? = nil, payload: [UInt8]
    ) {
        self.requestID = requestID
        self.deadline = deadline
        self.functionARN = functionARN
        self.traceID = traceID
        self.payload = payload
    }
}
