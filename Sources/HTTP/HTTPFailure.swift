/// Why a request has no response.
///
/// The description names the host and what went wrong, never the path, the query or the body.
public struct HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The client did not send it: the URL or a header is not allowed.
        case refused
        /// No connection could be made (name, address, TLS).
        case notConnected
        /// The request's timeout or the client's deadline passed.
        case timedOut
        /// The connection broke before the whole response was received.
        case broken
        /// The response is larger than the client accepts.
        case tooLarge
    }

    public var kind: Kind
    /// False only when the server cannot have seen the request.
    public var mayHaveBeenReceived: Bool
    public var description: String

    public init(_ kind: Kind, mayHaveBeenReceived: Bool, _ description: String) {
        self.kind = kind
        self.mayHaveBeenReceived = mayHaveBeenReceived
        self.description = description
    }
}
