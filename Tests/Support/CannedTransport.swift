import Basics
import HTTP

/// A client without a network: it records what was sent, gives the scripted answers one after the other, and has a
/// clock that only its own waits move.
public final class CannedTransport {
    public private(set) var requests: [Request] = []
    /// How many requests went out together, send by send.
    public private(set) var batches: [Int] = []
    public private(set) var sleeps: [Int] = []
    /// The upper bounds that jitter was asked for.
    public private(set) var jitterBounds: [Int] = []
    /// ms since 1970.
    public var now: Timestamp
    private var answers: [Result<Response, HTTPFailure>]

    public init(_ answers: [Result<Response, HTTPFailure>], now: Timestamp = 1_800_000_000_000) {
        self.answers = answers
        self.now = now
    }

    /// Jitter is its upper bound, so that waits are known.
    public var client: HTTPClient {
        HTTPClient(
            transport: send, now: { self.now },
            sleep: {
                self.sleeps.append($0)
                self.now += $0
            },
            jitter: {
                self.jitterBounds.append($0)
                return $0
            })
    }

    private func send(_ batch: [Request]) -> [Result<Response, HTTPFailure>] {
        requests += batch
        batches.append(batch.count)
        return batch.map { _ in
            answers.isEmpty
                ? .failure(HTTPFailure(.refused, mayHaveBeenReceived: false, "the script has no more answers"))
                : answers.removeFirst()
        }
    }
}

extension Result where Success == Response, Failure == HTTPFailure {
    /// An answer of that status.
    public static func answer(_ status: Int, _ body: String = "", headers: [Header] = []) -> Self {
        .success(Response(status: status, headers: headers, body: Array(body.utf8)))
    }

    /// No answer.
    public static func failed(_ kind: HTTPFailure.Kind, received: Bool) -> Self {
        .failure(HTTPFailure(kind, mayHaveBeenReceived: received, "scripted"))
    }
}

extension Request {
    /// The first header of that name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    public var text: String { String(decoding: body, as: UTF8.self) }
}
