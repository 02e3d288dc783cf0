import HTTP
import Testing
import WHMCS

/// A WHMCS of canned answers that keeps what was sent to it. Answers beyond the last are a test's failure.
final class Wire {
    private(set) var requests: [Request] = []
    private(set) var waits: [Int] = []
    private var answers: [Result<Response, HTTPFailure>]

    init(_ answers: [Result<Response, HTTPFailure>]) {
        self.answers = answers
    }

    /// Answers of HTTP 200.
    convenience init(_ bodies: String...) {
        self.init(bodies.map { .answer($0) })
    }

    var whmcs: WHMCSClient {
        get throws { try client(credentials: #"{"identifier":"id","secret":"s"}"#) }
    }

    func client(credentials: String) throws -> WHMCSClient {
        WHMCSClient(
            http: HTTPClient(
                transport: { $0.map(self.answer) }, now: { 0 }, sleep: { self.waits.append($0) }, jitter: { $0 }),
            url: "https://billing.example/includes/api.php", credentials: try Credentials(parameterValue: credentials))
    }

    /// The bodies that were sent, without the part that is the same in all.
    var sent: [String] {
        requests.map {
            String(decoding: $0.body, as: UTF8.self)
                .replacing("&identifier=id&secret=s&responsetype=json", with: "")
        }
    }

    private func answer(_ request: Request) -> Result<Response, HTTPFailure> {
        requests.append(request)
        guard !answers.isEmpty else {
            Issue.record("a request nobody expected")
            return .failure(HTTPFailure(.refused, mayHaveBeenReceived: false, "no answer left"))
        }
        return answers.removeFirst()
    }
}

extension Result where Success == Response, Failure == HTTPFailure {
    static func answer(_ body: String, status: Int = 200) -> Self {
        .success(Response(status: status, body: Array(body.utf8)))
    }

    static func broken(_ kind: HTTPFailure.Kind, received: Bool) -> Self {
        .failure(HTTPFailure(kind, mayHaveBeenReceived: received, "billing.example hung up"))
    }
}

/// What `body` throws, for tests that ask which failure it is.
func failure(_ body: () throws -> Void) -> WHMCSFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? WHMCSFailure
    }
}
