/// A request as it arrives.
public struct ServerRequest: Sendable {
    public var method: String
    /// As sent, still percent-encoded, without the query.
    public var path: String
    /// As sent, without the question mark; empty when there is no query.
    public var query: String
    /// Names in lower case, and values, in the order of arrival.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    package init(
        method: String, path: String, query: String, headers: [(name: String, value: String)], body: [UInt8]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    public func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name == name }?.value
    }
}

/// How the server answers a request.
public enum ServerReply: Sendable {
    case answer(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [])
    /// Close the connection without a byte of answer.
    case drop
    /// Announce `length` bytes, send only `body`, and close.
    case truncated(status: Int, length: Int, body: [UInt8])

    public static func json(_ status: Int, _ body: [UInt8]) -> ServerReply {
        .answer(status: status, headers: [("Content-Type", "application/json")], body: body)
    }
}
