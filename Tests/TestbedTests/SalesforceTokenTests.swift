import Foundation
import HTTP
import JSON
import Testing

@testable import Testbed

private let key = Result { try SigningKey() }
private let otherKey = Result { try SigningKey() }
private let formType = ["Content-Type": "application/x-www-form-urlencoded"]

@Suite struct SalesforceTokenTests {
    let salesforce: SalesforceSimulator

    init() throws {
        salesforce = try SalesforceSimulator(
            app: .init(
                clientId: "3MVG9client", username: "integration@example.com",
                jwtPublicKeyPEM: try key.get().publicKeyPEM, clientSecret: "s3cret+/="))
    }

    /// The claims as JSON. `exp` is in seconds from now.
    static func claims(
        iss: String = "3MVG9client", sub: String = "integration@example.com",
        aud: String = "https://login.salesforce.com", exp: Int = 180, extra: String = ""
    ) -> String {
        let expiry = Int(Date().timeIntervalSince1970) + exp
        return #"{"iss":"\#(iss)","sub":"\#(sub)","aud":"\#(aud)","exp":\#(expiry)\#(extra)}"#
    }

    func grant(_ fields: [String: String], headers: [String: String] = formType) throws -> (status: Int, body: JSON) {
        let form = fields.map { "\($0)=\(formEncoded($1))" }.joined(separator: "&")
        let answer = try #require(
            try request(salesforce.port, "POST", "/services/oauth2/token", headers: headers, body: form))
        return (answer.status, try #require(JSON(answer.body)))
    }

    func grantJWT(_ assertion: String) throws -> (status: Int, body: JSON) {
        try grant(["grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion])
    }

    @Test("JWT bearer is answered without issued_at and expires_in")
    func grantsByJWTBearer() throws {
        let (status, body) = try grantJWT(try key.get().jwt(claims: Self.claims()))
        #expect(status == 200, "\(body)")
        #expect(
            Set(body.object?.keys.map { $0 } ?? []) == ["access_token", "id", "instance_url", "scope", "token_type"])
        #expect(body["instance_url"]?.string == salesforce.url)
        #expect(body["token_type"]?.string == "Bearer")
        let token = try #require(body["access_token"]?.string)
        #expect(token.wholeMatch(of: /00D\w{12}![.\w]{90,}/) != nil)
        #expect(salesforce.state.tokens == [token])
    }

    @Test(
        "A wrong claim is refused",
        arguments: [
            (claims(iss: "other"), "invalid_client_id", "client identifier invalid"),
            (claims(sub: "who@example.com"), "invalid_grant", "user hasn't approved this consumer"),
            (claims(extra: #","prn":"who@example.com""#), "invalid_grant", "user hasn't approved this consumer"),
            (claims(aud: "https://example.com"), "invalid_grant", "Audience validation failed"),
            (claims(exp: -1), "invalid_grant", "expired authorization code"),
            (claims(exp: 3600), "invalid_grant", "expired authorization code"),
            (
                #"{"iss":"3MVG9client","sub":"integration@example.com","aud":"https://test.salesforce.com"}"#,
                "invalid_grant", "expired authorization code"
            ),
            ("not JSON", "invalid_grant", "invalid assertion"),
        ])
    func refusesWrongClaims(_ claims: String, error: String, description: String) throws {
        let (status, body) = try grantJWT(try key.get().jwt(claims: claims))
        #expect(status == 400)
        #expect(body == ["error": .string(error), "error_description": .string(description)])
        #expect(salesforce.state.tokensIssued == 0)
    }

    @Test("An expiry in milliseconds is refused")
    func refusesMilliseconds() throws {
        let milliseconds = Int(Date().timeIntervalSince1970 * 1000) - Int(Date().timeIntervalSince1970)
        #expect(try grantJWT(try key.get().jwt(claims: Self.claims(exp: milliseconds))).status == 400)
    }

    @Test("My Domain is a valid audience")
    func takesMyDomainAsAudience() throws {
        #expect(try grantJWT(try key.get().jwt(claims: Self.claims(aud: salesforce.url))).status == 200)
    }

    @Test("A wrong signature is refused")
    func verifiesTheSignature() throws {
        let good = try key.get().jwt(claims: Self.claims())
        let foreign = try otherKey.get().jwt(claims: Self.claims())
        let parts = good.split(separator: ".")
        let swapped = try key.get().jwt(claims: Self.claims(exp: 60)).split(separator: ".")
        let unsigned = try key.get().jwt(claims: Self.claims(), header: #"{"alg":"none"}"#)
        for bad in [foreign, "\(parts[0]).\(swapped[1]).\(parts[2])", "\(parts[0]).\(parts[1]).", unsigned, "", "a.b"] {
            let (status, body) = try grantJWT(bad)
            #expect(status == 400)
            #expect(body["error_description"]?.string == "invalid assertion")
        }
    }

    @Test("Only forms with a known grant type are taken")
    func takesOnlyForms() throws {
        let json = ["Content-Type": "application/json"]
        #expect(
            try grant(["grant_type": "client_credentials"], headers: json).body["error"]?.string
                == "unsupported_grant_type")
        #expect(try grant(["grant_type": "password"]).body["error"]?.string == "unsupported_grant_type")
        #expect(try grant(["assertion": "x"]).body["error"]?.string == "invalid_request")
    }

    @Test("Client credentials may be in the body or in the Basic header")
    func grantsByClientCredentials() throws {
        let inBody = try grant([
            "grant_type": "client_credentials", "client_id": "3MVG9client", "client_secret": "s3cret+/=",
        ])
        #expect(inBody.status == 200)
        #expect(Int(inBody.body["issued_at"]?.string ?? "") != nil)
        #expect(inBody.body["expires_in"] == nil)
        let basic = "Basic " + Data("3MVG9client:s3cret+/=".utf8).base64EncodedString()
        let asBasic = try grant(
            ["grant_type": "client_credentials"], headers: formType.merging(["Authorization": basic]) { $1 })
        #expect(asBasic.status == 200)
        #expect(salesforce.state.tokensIssued == 2)
    }

    @Test(
        "Wrong client credentials are refused",
        arguments: [
            ("nobody", "s3cret+/=", "invalid_client_id"), ("3MVG9client", "wrong", "invalid_client"),
        ])
    func refusesWrongCredentials(_ id: String, _ secret: String, error: String) throws {
        let fields = ["grant_type": "client_credentials", "client_id": id, "client_secret": secret]
        let (status, body) = try grant(fields)
        #expect(status == 400)
        #expect(body["error"]?.string == error)
    }

    @Test("A grant may return the last token while it is valid")
    func reusesTheToken() throws {
        let app = SalesforceSimulator.App(
            clientId: "c", username: "u", clientSecret: "s", reusesTokens: true)
        let org = try SalesforceSimulator(app: app)
        let fields = "grant_type=client_credentials&client_id=c&client_secret=s"
        let tokens = try (1...3).map { round in
            if round == 3 { org.revokeTokens() }
            let answer = try request(org.port, "POST", "/services/oauth2/token", headers: formType, body: fields)
            return answer.flatMap { JSON($0.body)?["access_token"]?.string }
        }
        #expect(tokens[0] == tokens[1])
        #expect(tokens[1] != tokens[2])
    }
}

/// Escapes everything but letters and digits.
func formEncoded(_ text: String) -> String {
    let plain = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."\u{7f}"))
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
}
