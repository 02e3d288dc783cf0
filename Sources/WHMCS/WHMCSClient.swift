import Basics
import HTTP
import JSON

/// Calls the WHMCS API: one action a request, form-encoded, with an answer in JSON.
public struct WHMCSClient {
    public typealias Form = [(name: String, value: String)]

    /// Whether a call changes anything. WHMCS has no idempotency key, so a write is sent once and never retried.
    public enum Kind: Sendable {
        case read, write
    }

    /// How long a write may take, in ms: while WHMCS adds or accepts an order, it may call gateways and servers.
    public static let writeTimeout = 60_000

    private let http: HTTPClient
    private let url: String
    private let credentials: CurrentCredentials
    private let renewed: (() -> Credentials?)?
    /// Hears each call's action and failure, or nil for its answer.
    public var heard: (_ action: String, WHMCSFailure?, _ sentAt: Timestamp) -> Void = { _, _, _ in }

    /// - Parameters:
    ///   - url: of the API itself, `https://…/includes/api.php`.
    ///   - renewed: returns the credentials as they are now, after WHMCS has refused these; nil when they cannot be read.
    public init(
        http: HTTPClient, url: String, credentials: Credentials, renewed: (() -> Credentials?)? = nil
    ) {
        self.http = http
        self.url = url
        self.credentials = CurrentCredentials(credentials)
        self.renewed = renewed
    }

    /// Reads what belongs to no client or order, to see whether WHMCS answers at all.
    public func checkAnswers() throws(WHMCSFailure) {
        _ = try call("GetPaymentMethods", [], .read)
    }

    /// Calls an action and returns its answer, an object.
    ///
    /// The failure of a write says, by `outcomeUnknown`, whether WHMCS may have carried it out all the same.
    public func call(_ action: String, _ form: Form, _ kind: Kind) throws(WHMCSFailure) -> JSON {
        try heardAnswers(action, [form], kind)[0].get()
    }

    /// Calls an action that changes nothing on several forms at once, and answers in their order.
    func readAll(_ action: String, _ forms: [Form]) -> [Result<JSON, WHMCSFailure>] {
        heardAnswers(action, forms, .read)
    }

    private func heardAnswers(_ action: String, _ forms: [Form], _ kind: Kind) -> [Result<JSON, WHMCSFailure>] {
        let sentAt = http.now()
        let answers = answers(action, forms, kind)
        for answer in answers {
            if case .failure(let failure) = answer {
                heard(action, failure, sentAt)
            } else {
                heard(action, nil, sentAt)
            }
        }
        return answers
    }

    /// Credentials that WHMCS refuses may just have been rotated: they are read again, and what was refused is sent once
    /// more with new ones, which later calls use from the start. A refused call may count as a failed login.
    private func answers(_ action: String, _ forms: [Form], _ kind: Kind) -> [Result<JSON, WHMCSFailure>] {
        let used = credentials.value
        var answers = send(action, forms, kind, used)
        let refused = answers.indices.filter { answers[$0].isRefusedForCredentials(kind) }
        guard !refused.isEmpty, let renewed else { return answers }
        guard let current = renewed() else {
            for index in refused {
                answers[index] = .failure(
                    .notReachable(
                        action: action, reason: "it refused the credentials, and they could not be read again",
                        mayHaveHappened: false))
            }
            return answers
        }
        guard current != used else { return answers }
        credentials.value = current
        let again = send(action, refused.map { forms[$0] }, kind, current)
        for (index, answer) in zip(refused, again) { answers[index] = answer }
        return answers
    }

    private func send(
        _ action: String, _ forms: [Form], _ kind: Kind, _ credentials: Credentials
    ) -> [Result<JSON, WHMCSFailure>] {
        http.sendAll(forms.map { request(action, $0, kind, credentials) }).map { result in
            do throws(WHMCSFailure) { return .success(try answer(action, kind, result)) } catch {
                return .failure(error)
            }
        }
    }

    private func answer(
        _ action: String, _ kind: Kind, _ result: Result<Response, HTTPFailure>
    ) throws(WHMCSFailure) -> JSON {
        let mayHaveHappened = kind == .write
        let response: Response
        do {
            response = try result.get()
        } catch {
            throw .notReachable(
                action: action, reason: error.description,
                mayHaveHappened: mayHaveHappened && error.mayHaveBeenReceived)
        }
        // Whatever the content type: some installs send JSON as text/html.
        guard let answer = JSON(response.body), answer.object != nil else {
            throw .notJSON(action: action, status: response.status, mayHaveHappened: mayHaveHappened)
        }
        // Some actions call it `status`.
        switch (answer["result"] ?? answer["status"])?.stringOrNumber?.lowercased() {
        case "success":
            return answer
        case "error":
            let message = answer["message"]?.stringOrNumber ?? ""
            throw WHMCSFailure(action: action, message: message, status: response.status, kind: kind)
        default:
            throw .unreadable(action: action, "no result", mayHaveHappened: mayHaveHappened)
        }
    }

    private func request(_ action: String, _ form: Form, _ kind: Kind, _ credentials: Credentials) -> Request {
        Request(
            "POST", url,
            headers: [
                Header("Content-Type", "application/x-www-form-urlencoded"), Header("Accept", "application/json"),
            ],
            body: Array(
                formEncoded([("action", action)] + credentials.form + [("responsetype", "json")] + form).utf8),
            timeout: kind == .read ? 30_000 : Self.writeTimeout,
            isIdempotent: kind == .read)
    }
}

/// The credentials that WHMCS accepted last, for every copy of a client.
private final class CurrentCredentials {
    var value: Credentials

    init(_ value: Credentials) {
        self.value = value
    }
}

extension Result<JSON, WHMCSFailure> {
    /// Whether WHMCS refused the credentials and so did nothing. At HTTP 200 the words of such a refusal may be those of a
    /// module that a write has called.
    fileprivate func isRefusedForCredentials(_ kind: WHMCSClient.Kind) -> Bool {
        guard case .failure(.authentication(_, let status)) = self else { return false }
        return kind == .read || (400..<500).contains(status)
    }
}
