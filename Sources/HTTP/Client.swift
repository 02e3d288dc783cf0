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
    /// See `along`.
    private var companions: [Request] = []

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

    /// The same client, which sends these too, once, whenever it sends something, and forgets their answers: so that
    /// their connections are there when they are needed.
    public func along(with openings: [Request]) -> Client {
        var client = self
        client.companions = openings
        return client
    }

    /// Sends these once and forgets their answers, as `along` does when there is nothing else to send.
    public func open(_ openings: [Request]) {
        _ = sendOnce(openings)
    }

    /// Sends one request; see `sendAll`.
    public func send(_ request: Request) throws(Failure) -> Response {
        try sendAll([request])[0].get()
    }

    /// Sends independent requests at once and answers in their order.
    ///
    /// A repeatable request that met a passing trouble is tried again, three times at the most, after an exponential
    /// backoff with full jitter (100, 200, 400 ms) or what `Retry-After` asks for, as long as the deadline leaves
    /// room for the wait.
    public func sendAll(_ requests: [Request]) -> [Result<Response, Failure>] {
        var results = sendOnce(requests + companions)
        results.removeLast(companions.count)
        for attempt in 0..<3 {
            let again = requests.indices.filter { isWorthRepeating(requests[$0], results[$0]) }
            let wait = again.map { retryAfter(results[$0]) ?? jitter(100 << attempt) }.max() ?? 0
            if again.isEmpty || now() + Int64(wait) >= deadline ?? .max { break }
            sleep(wait)
            for (index, result) in zip(again, sendOnce(again.map { requests[$0] })) { results[index] = result }
        }
        return results
    }

    private func sendOnce(_ requests: [Request]) -> [Result<Response, Failure>] {
        guard let deadline else { return transport(requests) }
        let left = Int(max(0, deadline - now()))
        guard left > 0 else {
            return requests.map { _ in
                .failure(Failure(.timedOut, mayHaveBeenReceived: false, "the deadline passed before the request"))
            }
        }
        return transport(
            requests.map {
                var request = $0
                request.timeout = min($0.timeout ?? left, left)
                return request
            })
    }

    private func isWorthRepeating(_ request: Request, _ result: Result<Response, Failure>) -> Bool {
        guard request.repeatable else { return false }
        return switch result {
        case .success(let response): request.isTransient(response)
        case .failure(let failure): failure.kind == .notConnected || failure.kind == .broken
        }
    }

    /// The wait a server asks for, in ms: seconds only, no longer than 10 of them; the date form is not used by ours.
    private func retryAfter(_ result: Result<Response, Failure>) -> Int? {
        guard case .success(let response) = result, let text = response.header("Retry-After"), let seconds = Int(text)
        else { return nil }
        return min(max(0, seconds), 10) * 1000
    }
}
