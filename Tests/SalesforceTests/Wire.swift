import Basics
import HTTP
import Testing

@testable import Salesforce

/// A Salesforce of canned answers that keeps what was sent to it. Answers beyond the last are a test's failure.
final class Wire {
    private(set) var requests: [Request] = []
    private(set) var waits: [Int] = []
    /// The tokens that were said to be rejected.
    private(set) var rejected: [Token] = []
    private var answers: [Result<Response, HTTPFailure>]

    init(_ answers: [Result<Response, HTTPFailure>]) {
        self.answers = answers
    }

    /// Answers of HTTP 200.
    convenience init(_ bodies: String...) {
        self.init(bodies.map { .answer($0) })
    }

    /// Its clock stands still but for the waits.
    var http: HTTPClient {
        HTTPClient(
            transport: { $0.map(self.answer) },
            now: { Timestamp(milliseconds: 1_795_169_730_000) + self.waits.reduce(0, +) },
            sleep: { self.waits.append($0) }, jitter: { $0 })
    }

    /// Starts with token `one`; after a rejection there is `two`, at another instance.
    var salesforce: SalesforceClient {
        SalesforceClient(http: http, apiVersion: "v66.0", token: { () throws(SalesforceFailure) in .one }) {
            rejected throws(SalesforceFailure) in
            self.rejected.append(rejected)
            return .two
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

extension Token {
    static let one = Token(unchecked: "00Dxx!one", "https://acme.my.salesforce.com")
    static let two = Token(unchecked: "00Dxx!two", "https://acme2.my.salesforce.com")

    private init(unchecked accessToken: String, _ instanceURL: String) {
        guard let token = Token(accessToken: accessToken, instanceURL: instanceURL, issuedAt: 1) else {
            preconditionFailure("a test's token is malformed")
        }
        self = token
    }
}

extension Result where Success == Response, Failure == HTTPFailure {
    static func answer(_ body: String, status: Int = 200) -> Self {
        .success(Response(status: status, body: Array(body.utf8)))
    }

    static func error(_ code: String, _ message: String = "words", status: Int) -> Self {
        .answer(#"[{"errorCode":"\#(code)","message":"\#(message)"}]"#, status: status)
    }

    static func broken(_ kind: HTTPFailure.Kind) -> Self {
        .failure(HTTPFailure(kind, mayHaveBeenReceived: true, "acme.my.salesforce.com hung up"))
    }
}

extension Request {
    var text: String { String(decoding: body, as: UTF8.self) }
    var authorization: String? { headers.first { $0.name == "Authorization" }?.value }
}

/// What `body` throws, for tests that ask which failure it is.
func failure(_ body: () throws -> Void) -> SalesforceFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? SalesforceFailure
    }
}
