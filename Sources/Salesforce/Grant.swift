import Basics
import HTTP
import JSON

/// An OAuth grant, by which the suite requests a token.
public enum Grant: Sendable {
    /// An empty audience is derived from the login URL. The key is a PEM, RSA.
    case jwtBearer(clientId: String, username: String, audience: String, privateKeyPEM: String)
    /// Works only on a My Domain host.
    case clientCredentials(clientId: String, secret: String)

    /// A token: Salesforce may issue a new one or return one that is still valid.
    ///
    /// - Parameters:
    ///   - loginURL: `https://<My Domain>.my.salesforce.com`, or a login host.
    ///   - organization: the only one whose token is wanted; nil takes any.
    /// - Throws: `.grantRefused` with Salesforce's reason; a retryable failure when it may work later.
    public func requestToken(
        loginURL: String, organization: RecordID? = nil, http: HTTPClient
    ) throws(SalesforceFailure) -> Token {
        guard let login = Origin(exactly: loginURL), login.isAllowed() else {
            throw .noToken("the login URL is not https and a host")
        }
        let request = Request(
            "POST", login.url + "/services/oauth2/token",
            headers: [
                Header("Content-Type", "application/x-www-form-urlencoded"), Header("Accept", "application/json"),
            ],
            // Not in the query: proxies and servers log URLs.
            body: Array(formEncoded(try form(login, now: http.now())).utf8), isIdempotent: true)
        let response = try response(to: request, http)
        return try token(in: response, of: login, organization, now: http.now())
    }

    private func form(_ login: Origin, now: Timestamp) throws(SalesforceFailure) -> [(name: String, value: String)] {
        switch self {
        case .jwtBearer(let clientId, let username, let audience, let privateKeyPEM):
            let assertion = try assertion(
                clientId: clientId, username: username,
                audience: audience.isEmpty ? Salesforce.audience(of: login) : audience, privateKeyPEM: privateKeyPEM,
                now: now)
            return [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]
        case .clientCredentials(let clientId, let secret):
            return [("grant_type", "client_credentials"), ("client_id", clientId), ("client_secret", secret)]
        }
    }

    /// Retries what the HTTP client does not: the token service reports a brief outage as HTTP 400, which needs longer
    /// waits.
    private func response(to request: Request, _ http: HTTPClient) throws(SalesforceFailure) -> Response {
        let backoff = Backoff(first: 500, longest: 2_000, jitter: .equal)
        for attempt in 1...3 {
            let response = try send(request, http)
            guard isRetryable(response) else { return response }
            let wait = backoff.wait(after: attempt, random: http.random)
            if let deadline = http.deadline, http.now() + wait >= deadline { return response }
            http.sleep(wait)
        }
        return try send(request, http)
    }

    private func send(_ request: Request, _ http: HTTPClient) throws(SalesforceFailure) -> Response {
        do { return try http.send(request) } catch { throw .unavailable(doing: doing, reason: error.description) }
    }
}

extension Grant: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .jwtBearer: "jwt-bearer"
        case .clientCredentials: "client-credentials"
        }
    }

    public var debugDescription: String { description }
}

private let doing = "requesting a token"

/// From the answer's identity URL, `https://…/id/<organization>/<user>` ("Identity URLs").
private func organization(in answer: JSON) -> RecordID? {
    let parts = (answer["id"]?.string ?? "").split(separator: "/").suffix(3)
    return parts.first == "id" && parts.count == 3 ? RecordID(String(parts[parts.startIndex + 1])) : nil
}

/// Whether the response is the token service's request to retry.
private func isRetryable(_ response: Response) -> Bool {
    guard response.status == 400, let answer = JSON(response.body) else { return false }
    return answer["error"]?.stringOrNumber == "unknown_error"
        || answer["error_description"]?.stringOrNumber?.lowercased().contains("retry your request") == true
}

private func token(
    in response: Response, of login: Origin, _ wanted: RecordID?, now: Timestamp
) throws(SalesforceFailure) -> Token {
    guard let answer = JSON(response.body), answer.object != nil else {
        // A host without that path is the wrong host; any other page without JSON is maintenance.
        guard [301, 302, 307, 308, 404, 405].contains(response.status) else {
            throw .unavailable(doing: doing, reason: "HTTP \(response.status) without JSON")
        }
        throw .grantRefused(error: "HTTP \(response.status)", message: "")
    }
    guard response.status == 200 else { throw refusal(answer, response) }
    guard let accessToken = answer["access_token"]?.stringOrNumber,
        let instanceURL = answer["instance_url"]?.stringOrNumber
    else {
        throw .unreadable(doing: doing)
    }
    // The documented answer to an assertion has no `issued_at`; other flows send it as text.
    let issuedAt = answer["issued_at"]?.timestamp ?? now
    guard let token = Token(accessToken: accessToken, instanceURL: instanceURL, issuedAt: issuedAt) else {
        throw .noToken("the instance URL of the answer is not https")
    }
    guard isInstance(instanceURL, of: login) else {
        throw .noToken("the instance URL of the answer is not in Salesforce's domain")
    }
    if let wanted, organization(in: answer) != wanted {
        throw .anotherOrganization
    }
    return token
}

extension SalesforceFailure {
    public static let anotherOrganization = SalesforceFailure.grantRefused(
        error: "another organization", message: "SF_ORGANIZATION_ID does not name the token's")
}

/// Whether the token may go there: every later call takes it along, with the orders. The instances of a test are on this
/// machine, as its login host is.
private func isInstance(_ url: String, of login: Origin) -> Bool {
    guard let instance = try? Origin(url) else { return false }
    return instance.isIn(salesforceDomains) || login.isLoopback && instance.isLoopback
}

/// "My Domain URL Formats", with those of Government Cloud and of Salesforce on Alibaba Cloud.
private let salesforceDomains = ["salesforce.com", "force.com", "salesforce.mil", "sfcrmproducts.cn"]

private func refusal(_ answer: JSON, _ response: Response) -> SalesforceFailure {
    let error = (answer["error"]?.stringOrNumber ?? "").excerpt
    // It may be missing, which has crashed other clients.
    let message = (answer["error_description"]?.stringOrNumber ?? "").excerpt
    if isRetryable(response) || response.status == 429 || response.status >= 500 {
        return .unavailable(doing: doing, reason: "HTTP \(response.status) \(error) \(message)")
    }
    if error == "rate_limit_exceeded" || message.uppercased().contains("LOGIN_RATE_EXCEEDED") {
        return .limitReached(doing: doing, message: message.isEmpty ? error : message)
    }
    return .grantRefused(error: error, message: message)
}
