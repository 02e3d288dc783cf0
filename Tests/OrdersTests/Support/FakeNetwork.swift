import Basics
import HTTP

/// The real client with a clock of the test's own, and a place to interfere with each request.
final class FakeNetwork {
    /// ms since 1970; waits move it, nothing else.
    var now: Timestamp
    private(set) var requests: [Request] = []
    /// The bounds that jitter was asked for; it is always all of them.
    private(set) var jitterBounds: [Int] = []
    /// Sees each request before it goes out; an answer from here is the request's, which then goes nowhere.
    var before: (Request) -> Result<Response, HTTPFailure>? = { _ in nil }
    /// Sees each answer, and may replace it.
    var after: (Request, Result<Response, HTTPFailure>) -> Result<Response, HTTPFailure> = { $1 }
    private let live = HTTPClient.live()

    init(now: Timestamp = .requestTime) {
        self.now = now
    }

    var client: HTTPClient {
        HTTPClient(
            transport: { [self] in $0.map(send) }, now: { [self] in now }, sleep: { [self] in now += $0 },
            jitter: { [self] bound in
                jitterBounds.append(bound)
                return bound
            })
    }

    private func send(_ request: Request) -> Result<Response, HTTPFailure> {
        requests.append(request)
        return after(request, before(request) ?? live.transport([request])[0])
    }
}

extension Request {
    /// What an AWS service is asked to do, `TransactWriteItems`; empty for all others.
    var action: String {
        let target = headers.first { $0.name == "X-Amz-Target" }?.value ?? ""
        return String(target.split(separator: ".").last ?? "")
    }

    /// Whether it tells Salesforce that status.
    func tells(_ status: String) -> Bool { method == "PATCH" && text.contains("\"\(status)\"") }

    /// What WHMCS is asked to do; empty for all others.
    var whmcsAction: String {
        guard url.hasSuffix("/includes/api.php") else { return "" }
        return String(String(decoding: body, as: UTF8.self).dropFirst("action=".count).prefix { $0 != "&" })
    }
}

extension Result where Success == Response, Failure == HTTPFailure {
    /// The connection broke while the answer was awaited.
    static let lost: Self = .failure(HTTPFailure(.broken, mayHaveBeenReceived: true, "the answer was lost"))
    /// Nobody listens.
    static let unreachable: Self = .failure(HTTPFailure(.notConnected, mayHaveBeenReceived: false, "nobody there"))
    static let timedOut: Self = .failure(HTTPFailure(.timedOut, mayHaveBeenReceived: true, "time is up"))
}
