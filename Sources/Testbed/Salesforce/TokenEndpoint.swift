import Foundation
import JSON

extension SalesforceSimulator {
    /// An External Client App: who may have a token, and by which flow.
    public struct App: Sendable {
        public var clientId: String
        public var username: String
        /// Nil switches JWT bearer off.
        public var jwtPublicKeyPEM: String?
        /// Nil switches client credentials off.
        public var clientSecret: String?
        /// The values accepted as `aud`, besides the simulator's own URL (its My Domain).
        public var audiences = ["https://login.salesforce.com", "https://test.salesforce.com"]
        /// Whether a grant returns the last token while it is valid, instead of a new one. Salesforce does both.
        public var reusesTokens = false

        public init(
            clientId: String, username: String, jwtPublicKeyPEM: String? = nil, clientSecret: String? = nil,
            reusesTokens: Bool = false
        ) {
            self.clientId = clientId
            self.username = username
            self.jwtPublicKeyPEM = jwtPublicKeyPEM
            self.clientSecret = clientSecret
            self.reusesTokens = reusesTokens
        }
    }
}

/// A refusal of the token endpoint: status 400 and an object. The REST API has an array instead.
struct OAuthError: Error, Equatable {
    var error: String
    var description: String

    init(_ error: String, _ description: String) {
        self.error = error
        self.description = description
    }

    var json: JSON { ["error": .string(error), "error_description": .string(description)] }
}

/// `POST /services/oauth2/token`. The answer has no `expires_in`, as in Salesforce.
func grantToken(
    _ request: ServerRequest, app: SalesforceSimulator.App, instanceURL: String,
    state: inout SalesforceSimulator.State
) throws(OAuthError) -> JSON {
    // A body that is not a form, such as JSON, has no fields, and so no grant type.
    let form = request.form
    var answer: [String: JSON] = [
        "instance_url": .string(instanceURL), "token_type": "Bearer", "scope": "api",
        "id": .string("\(instanceURL)/id/\(orgId)/005Dn000001AbCdIAK"),
    ]
    switch form["grant_type"] {
    case "urn:ietf:params:oauth:grant-type:jwt-bearer":
        try checkAssertion(form["assertion"] ?? "", app: app, instanceURL: instanceURL)
    case "client_credentials":
        try checkClient(request, form, app: app)
        answer["issued_at"] = .string(String(state.now.milliseconds))
        answer["signature"] = "c2lnbmF0dXJlIG9mIHRoZSBpZGVudGl0eSBVUkw="
    case nil where request.header("content-type")?.hasPrefix("application/x-www-form-urlencoded") == true:
        throw OAuthError("invalid_request", "must include grant_type")
    default:
        throw OAuthError("unsupported_grant_type", "grant type not supported")
    }
    answer["access_token"] = .string(state.issueToken(reusing: app.reusesTokens))
    return .object(answer)
}

private let orgId = "00Dn00000012AbCEAU"

private func checkAssertion(_ assertion: String, app: SalesforceSimulator.App, instanceURL: String)
    throws(OAuthError)
{
    guard let key = app.jwtPublicKeyPEM, let claims = verifiedClaims(assertion, publicKeyPEM: key) else {
        throw OAuthError("invalid_grant", "invalid assertion")
    }
    guard claims["iss"]?.stringOrNumber == app.clientId else {
        throw OAuthError("invalid_client_id", "client identifier invalid")
    }
    // A legacy `prn` wins over `sub` (Salesforce help 000204593).
    guard (claims["prn"] ?? claims["sub"])?.stringOrNumber == app.username else {
        throw OAuthError("invalid_grant", "user hasn't approved this consumer")
    }
    guard let audience = claims["aud"]?.stringOrNumber, (app.audiences + [instanceURL]).contains(audience) else {
        throw OAuthError("invalid_grant", "Audience validation failed")
    }
    // In seconds, at most 3 minutes ahead. Salesforce may not enforce the upper bound. The simulator does, to find
    // a caller that sends milliseconds. The misleading text is Salesforce's own.
    let now = Date().timeIntervalSince1970
    guard let expiry = claims["exp"]?.integer, Double(expiry) > now, Double(expiry) <= now + 185 else {
        throw OAuthError("invalid_grant", "expired authorization code")
    }
}

private func checkClient(
    _ request: ServerRequest, _ form: [(name: String, value: String)], app: SalesforceSimulator.App
) throws(OAuthError) {
    var id = form["client_id"]
    var secret = form["client_secret"]
    if let header = request.header("authorization"), header.hasPrefix("Basic "),
        let pair = Data(base64Encoded: String(header.dropFirst(6))).map({ String(decoding: $0, as: UTF8.self) })
    {
        let parts = pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        id = parts.first.map(String.init)
        secret = parts.last.map(String.init)
    }
    guard id == app.clientId else { throw OAuthError("invalid_client_id", "client identifier invalid") }
    guard let expected = app.clientSecret else {
        throw OAuthError("invalid_grant", "no client credentials user enabled")
    }
    guard secret == expected else { throw OAuthError("invalid_client", "invalid client credentials") }
}

extension SalesforceSimulator.State {
    /// Invalidates every token issued so far.
    package mutating func revokeTokens() {
        tokens = []
    }

    /// Issues an opaque token: the org's 15-character id, an exclamation mark, and random characters.
    mutating func issueToken(reusing: Bool = false) -> String {
        if reusing, let lastToken, tokens.contains(lastToken) { return lastToken }
        let noise = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
        let token = "\(orgId.prefix(15))!" + String((0..<96).compactMap { _ in noise.randomElement() })
        tokens.insert(token)
        tokensIssued += 1
        lastToken = token
        return token
    }
}
