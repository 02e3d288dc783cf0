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
    private let credentials: Credentials
    private let renewed: (() -> Credentials?)?

    /// - Parameters:
    ///   - url: of the API itself, `https://…/includes/api.php`.
    ///   - renewed: returns the credentials as they are now, after WHMCS has refused these; nil when they cannot be read.
    public init(
        http: HTTPClient, url: String, credentials: Credentials, renewed: (() -> Credentials?)? = nil
    ) {
        self.http = http
        self.url = url
        self.credentials = credentials
        self.renewed = renewed
    }

    /// Calls an action and returns its answer, an object. Credentials that WHMCS refuses may just have been rotated: they
    /// are read again, and the call, which was not carried out, is sent once more with new ones.
    ///
    /// The failure of a write says, by `outcomeUnknown`, whether WHMCS may have carried it out all the same.
    public func call(_ action: String, _ form: Form, _ kind: Kind) throws(WHMCSFailure) -> JSON {
        do { return try call(action, form, kind, credentials) } catch {
            guard case .authentication = error, let renewed else { throw error }
            guard let current = renewed() else {
                throw .notReachable(
                    action: action, reason: "it refused the credentials, and they could not be read again",
                    mayHaveHappened: false)
            }
            guard current != credentials else { throw error }
            return try call(action, form, kind, current)
        }
    }

    private func call(
        _ action: String, _ form: Form, _ kind: Kind, _ credentials: Credentials
    ) throws(WHMCSFailure) -> JSON {
        let mayHaveHappened = kind == .write
        let response: Response
        do {
            response = try http.send(request(action, form, kind, credentials))
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
