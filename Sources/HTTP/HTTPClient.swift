import Basics

/// Sends requests. Tests replace `transport`, the suite's only seam; everything above it is real.
public struct HTTPClient {
    /// Sends all concurrently and answers in their order. Does not retry, and keeps to each request's `timeout`.
    public typealias Transport = ([Request]) -> [Result<Response, HTTPFailure>]

    public var transport: Transport
    public var now: () -> Timestamp
    public var sleep: (Milliseconds) -> Void
    /// A random number from 0 to its argument.
    public var random: (Int) -> Int
    /// When every response is due; nil for no deadline.
    public var deadline: Timestamp?
    /// How often an idempotent request is sent again, at most.
    public var retries = 3
    /// See `together(_:_:)`; all copies share it.
    private let turns: Turns
    /// See `preconnecting(to:)`.
    private var preconnects: [Request] = []

    private static let backoff = Backoff(first: 100, longest: 400)

    public init(
        transport: @escaping Transport, now: @escaping () -> Timestamp, sleep: @escaping (Milliseconds) -> Void,
        random: @escaping (Int) -> Int, deadline: Timestamp? = nil
    ) {
        turns = Turns(transport, sleep, now)
        self.transport = turns.send
        self.now = now
        self.sleep = turns.sleep
        self.random = random
        self.deadline = deadline
    }

    /// A text that nobody else has or guesses: 132 random bits, in 22 characters of base64url.
    public func uniqueID() -> String {
        var id = ""
        for length in [10, 10, 2] {
            var bits = random(.max)
            for _ in 0..<length {
                id.append(Self.base64URL[bits & 63])
                bits >>= 6
            }
        }
        return id
    }

    private static let base64URL = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    /// The same client, with every response due by `deadline`.
    public func until(_ deadline: Timestamp) -> HTTPClient {
        var client = self
        client.deadline = deadline
        return client
    }

    /// The same client, which opens connections along with each send: it sends these requests once and drops their
    /// responses.
    public func preconnecting(to preconnects: [Request]) -> HTTPClient {
        var client = self
        client.preconnects = preconnects
        return client
    }

    /// Runs two functions whose calls do not need each other's answers: they wait for their responses together. Each is
    /// straight-line code, and only one runs at a time.
    public func together<First, Second>(
        _ first: () throws -> First, _ second: () throws -> Second
    ) -> (Result<First, any Error>, Result<Second, any Error>) {
        let notRun = HTTPFailure(.refused, mayHaveBeenReceived: false, "not run")
        var results: (Result<First, any Error>, Result<Second, any Error>) = (.failure(notRun), .failure(notRun))
        turns.run({ results.0 = Result(catching: first) }, { results.1 = Result(catching: second) })
        return results
    }

    /// Opens connections: sends these requests once and drops their responses.
    public func preconnect(_ preconnects: [Request]) {
        _ = sendOnce(preconnects)
    }

    /// Sends one request; see `sendAll`.
    public func send(_ request: Request) throws(HTTPFailure) -> Response {
        try sendAll([request])[0].get()
    }

    /// Sends independent requests concurrently and answers in their order.
    ///
    /// It retries an idempotent request up to `retries` times after a retryable failure, and waits with exponential backoff
    /// (bounds of 100, 200, 400 ms) or as long as `Retry-After` says, while the deadline leaves room for the wait.
    public func sendAll(_ requests: [Request]) -> [Result<Response, HTTPFailure>] {
        var results = sendOnce(requests + preconnects)
        results.removeLast(preconnects.count)
        for attempt in 0..<retries {
            let retries = requests.indices.filter { shouldRetry(requests[$0], results[$0]) }
            let waits = retries.map {
                retryAfter(results[$0]) ?? Self.backoff.wait(after: attempt + 1, random: random)
            }
            guard let wait = waits.max(), deadline.map({ now() + wait < $0 }) ?? true else { break }
            sleep(wait)
            for (index, result) in zip(retries, sendOnce(retries.map { requests[$0] })) { results[index] = result }
        }
        return results
    }

    private func sendOnce(_ requests: [Request]) -> [Result<Response, HTTPFailure>] {
        guard let deadline else { return transport(requests) }
        let left = deadline - now()
        guard left > 0 else {
            return requests.map { _ in
                .failure(HTTPFailure(.timedOut, mayHaveBeenReceived: false, "the deadline passed before the request"))
            }
        }
        return transport(
            requests.map {
                var request = $0
                request.timeout = min($0.timeout ?? left, left)
                return request
            })
    }

    private func shouldRetry(_ request: Request, _ result: Result<Response, HTTPFailure>) -> Bool {
        guard request.isIdempotent else { return false }
        return switch result {
        case .success(let response): request.isRetryable(response)
        case .failure(let failure): failure.kind == .notConnected || failure.kind == .broken
        }
    }

    /// The wait that a server asks for, at most 10 s. Only whole seconds are read: none of our servers sends a date.
    private func retryAfter(_ result: Result<Response, HTTPFailure>) -> Milliseconds? {
        guard case .success(let response) = result, let text = response.header("Retry-After"), let seconds = Int(text)
        else { return nil }
        return min(max(0, seconds), 10) * 1000
    }
}
