import Basics
import HTTP
import Testing

/// An HTTP client with a clock of its own and a record of what was sent. Responses come from a script, or, when it passes
/// through, from the live client; a test may answer or change each one.
public final class FakeHTTPClient {
    /// Only waits, `latency` and the test move the clock.
    public var now: Timestamp
    public private(set) var requests: [Request] = []
    /// The number of requests in each send.
    public private(set) var batches: [Int] = []
    public private(set) var waits: [Milliseconds] = []
    /// The bounds of the jitter; each wait is as long as its bound.
    public private(set) var jitterBounds: [Milliseconds] = []
    /// Sees each request before it is sent. Its response, if there is one, replaces the sending.
    public var before: (Request) -> Result<Response, HTTPFailure>? = { _ in nil }
    /// Sees each response, and may replace it.
    public var after: (Request, Result<Response, HTTPFailure>) -> Result<Response, HTTPFailure> = { $1 }
    /// How long each request takes, by the clock; those of a batch run side by side.
    public var latency: (Request) -> Milliseconds = { _ in 0 }
    private var script: [Result<Response, HTTPFailure>]
    private let live: HTTPClient?

    /// 2026-11-20T10:15:30Z.
    public static let start: Timestamp = 1_795_169_730_000

    /// Answers with the script's responses, one after the other. A request beyond them fails the test.
    public convenience init(_ script: [Result<Response, HTTPFailure>], now: Timestamp = FakeHTTPClient.start) {
        self.init(script, now: now, live: nil)
    }

    /// Answers HTTP 200 with these bodies.
    public convenience init(_ bodies: String...) {
        self.init(bodies.map { .answer(200, $0) })
    }

    private init(_ script: [Result<Response, HTTPFailure>], now: Timestamp, live: HTTPClient?) {
        self.script = script
        self.now = now
        self.live = live
    }

    /// Sends with the live client, one request after the other.
    public static func passingThrough(now: Timestamp = FakeHTTPClient.start) -> FakeHTTPClient {
        FakeHTTPClient([], now: now, live: .live())
    }

    public var client: HTTPClient {
        HTTPClient(
            transport: { [self] batch in
                batches.append(batch.count)
                let responses = batch.map(answer)
                now += batch.map(latency).max() ?? 0
                return responses
            },
            now: { [self] in now },
            sleep: { [self] wait in
                waits.append(wait)
                now += wait
            },
            random: { [self] bound in
                // For a unique id.
                guard bound < .max else { return Int.random(in: 0...bound) }
                jitterBounds.append(bound)
                return bound
            })
    }

    private func answer(_ request: Request) -> Result<Response, HTTPFailure> {
        requests.append(request)
        return after(request, before(request) ?? live?.transport([request])[0] ?? next(request))
    }

    private func next(_ request: Request) -> Result<Response, HTTPFailure> {
        guard !script.isEmpty else {
            Issue.record("unexpected request: \(request.method) \(request.url)")
            return .failed(.refused, received: false)
        }
        return script.removeFirst()
    }
}

extension Result where Success == Response, Failure == HTTPFailure {
    public static func answer(_ status: Int, _ body: String = "", headers: [Header] = []) -> Self {
        .success(Response(status: status, headers: headers, body: Array(body.utf8)))
    }

    /// No answer.
    public static func failed(_ kind: HTTPFailure.Kind, received: Bool) -> Self {
        .failure(HTTPFailure(kind, mayHaveBeenReceived: received, "scripted"))
    }

    /// The connection broke before the answer.
    public static let lost = failed(.broken, received: true)
    /// Nobody listens.
    public static let unreachable = failed(.notConnected, received: false)
    public static let timedOut = failed(.timedOut, received: true)
}

extension Request {
    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    public var text: String { String(decoding: body, as: UTF8.self) }
}
