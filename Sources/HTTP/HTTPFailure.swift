/// Why a request has no answer.
///
/// The message names the host and what went wrong, never the path, the query or the body.
public struct HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The URL, or an option of it, is not allowed (`http` to a host that is not loopback, say).
        case refused
        /// No connection was made: name, address, TLS.
        case notConnected
        /// The time was up, the request's own or the deadline's.
        case timedOut
        /// The connection broke before the whole answer was there.
        case broken
        /// The answer is larger than the client takes.
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
