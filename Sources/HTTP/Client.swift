/// Sends requests: the one seam of the suite. A test replaces `transport`; everything above it is real.
public struct Client {
    /// Sends all at once and answers in the same order. Does not retry, and keeps to each request's `timeout`.
    public typealias Transport = ([Request]) -> [Result<Response, Failure>]

    public var transport: Transport
    /// Now, in ms since 1970.
    public var now: () -> Int64
    /// Waits that many ms.
    public var sleep: (Int) -> Void
    /// Between 0 and that many ms, at random.
    public var jitter: (Int) -> Int
    /// When every answer must be there, in ms since 1970; nil for no end.
    public var deadline: Int64?

    public init(
        transport: @escaping Transport, now: @escaping () -> Int64, sleep: @escaping (Int) -> Void,
        jitter: @escaping (Int) -> Int, deadline: Int64? = nil
    ) {
        self.transport = transport
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
        self.deadline = deadline
    }

    /// The same client, with every answer due by `deadline` (ms since 1970).
    public func until(_ deadline: Int64) -> Client {
        var client = self
        client.deadline = deadline
        return client
    }

    public func send(_ request: Request) throws(Failure) -> Response {
        try sendAll([request])[0].get()
    }
}
