import Basics
import Crypto
import HTTP
import JSON

/// The assertion of the OAuth 2.0 JWT bearer flow: header, claims, RS256 signature.
///
/// It expires 180 s after `now`, the longest lifetime that Salesforce allows.
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

/// The audience of an assertion for a login host. Salesforce documents three audiences, and a My Domain host is none of
/// them: sandboxes and scratch orgs have `test.salesforce.com`, all others `login.salesforce.com`.
func audience(of login: Origin) -> String {
    let isTest =
        login.host == "test.salesforce.com" || login.host.hasSuffix(".sandbox.my.salesforce.com")
        || login.host.hasSuffix(".scratch.my.salesforce.com")
    return isTest ? "https://test.salesforce.com" : "https://login.salesforce.com"
}
