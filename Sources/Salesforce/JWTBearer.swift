import Basics
import Crypto
import JSON

/// The assertion of the OAuth 2.0 JWT bearer flow: header, claims, RS256 signature.
///
/// - Parameter now: ms since 1970. The assertion ends 180 s later, the most the vendor allows; it counts in *seconds*.
func assertion(
    clientId: String, username: String, audience: String, privateKeyPEM: String, now: Timestamp
) throws(SalesforceFailure) -> String {
    let header: JSON = ["alg": "RS256", "typ": "JWT"]
    let claims: JSON = [
        "iss": .string(clientId), "sub": .string(username), "aud": .string(audience),
        "exp": .number(now.seconds + 180),
    ]
    let signed = "\(base64URL(header.bytes)).\(base64URL(claims.bytes))"
    do {
        return "\(signed).\(base64URL(try Crypto.rs256(message: Array(signed.utf8), privateKeyPEM: privateKeyPEM)))"
    } catch {
        throw .noToken("the assertion cannot be signed: \(error)")
    }
}

/// Who the assertion is for. Only three names are documented; a My Domain host is none of them, so it is the login
/// host behind it: sandboxes and scratch orgs have one, everybody else the other.
func audience(of loginURL: String) -> String {
    let host = loginURL.lowercased().drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" && $0 != ":" }
    let isTest =
        host == "test.salesforce.com" || host.hasSuffix(".sandbox.my.salesforce.com")
        || host.hasSuffix(".scratch.my.salesforce.com")
    return isTest ? "https://test.salesforce.com" : "https://login.salesforce.com"
}
