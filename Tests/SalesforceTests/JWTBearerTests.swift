import HTTP
import TestSupport
import Testing

@testable import Salesforce

@Suite struct JWTBearerTests {
    private static let newKey = """
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives import serialization as s
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode(), end="")
        """

    /// Reads the assertion on the first line and the key after it. Prints the claims if the signature is right.
    private static let verify = """
        import base64, json, sys
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives import hashes, serialization as s
        token, pem = sys.stdin.read().split("\\n", 1)
        assert "=" not in token and "+" not in token and "/" not in token
        parts = token.split(".")
        raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts]
        key = s.load_pem_private_key(pem.encode(), None).public_key()
        key.verify(raw[2], ".".join(parts[:2]).encode(), padding.PKCS1v15(), hashes.SHA256())
        assert json.loads(raw[0]) == {"alg": "RS256", "typ": "JWT"}
        claims = json.loads(raw[1])
        assert type(claims["exp"]) is int
        print(json.dumps(claims, sort_keys=True, ensure_ascii=False), end="")
        """

    @Test("Python verifies the assertion") func otherImplementation() throws {
        let pem = try Program.python.text(["-c", Self.newKey])
        let http = FakeHTTPClient(#"{"access_token":"t","instance_url":"https://acme.my.salesforce.com"}"#)
        let grant = Grant.jwtBearer(
            clientId: "3MVG9.lI?>~", username: "ünit@acme.example", audience: "", privateKeyPEM: pem)
        _ = try grant.requestToken(loginURL: "https://acme--uat.sandbox.my.salesforce.com/", http: http.client)

        let request = try #require(http.requests.first)
        #expect(request.url == "https://acme--uat.sandbox.my.salesforce.com/services/oauth2/token")
        let start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        try #require(request.text.hasPrefix(start))
        let claims = try Program.python.text(
            ["-c", Self.verify], input: request.text.dropFirst(start.count) + "\n" + pem)
        // 180 s after the fake clock's time.
        #expect(
            claims == #"{"aud": "https://test.salesforce.com", "exp": 1795169910, "iss": "3MVG9.lI?>~", "#
                + #""sub": "ünit@acme.example"}"#)
    }

    @Test("A configured audience wins") func configuredAudience() throws {
        let pem = try Program.python.text(["-c", Self.newKey])
        let token = try assertion(
            clientId: "c", username: "u", audience: "https://portal.example", privateKeyPEM: pem, now: 999)
        let claims = try Program.python.text(["-c", Self.verify], input: token + "\n" + pem)
        #expect(claims == #"{"aud": "https://portal.example", "exp": 180, "iss": "c", "sub": "u"}"#)
    }

    @Test("An invalid key is reported and not shown") func invalidKey() throws {
        let grant = Grant.jwtBearer(clientId: "c", username: "u", audience: "", privateKeyPEM: "hush")
        let http = FakeHTTPClient()
        let error = try #require(
            failure { _ = try grant.requestToken(loginURL: "https://login.salesforce.com", http: http.client) })
        guard case .noToken(let why) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(why.hasPrefix("the assertion cannot be signed: ") && !why.contains("hush"))
        #expect(http.requests.isEmpty)
    }

    @Test(
        "The audience follows from the login host",
        arguments: [
            ("https://login.salesforce.com", "login"), ("https://test.salesforce.com", "test"),
            ("https://acme.my.salesforce.com", "login"), ("https://acme--uat.sandbox.my.salesforce.com", "test"),
            ("https://ACME--UAT.Sandbox.My.Salesforce.com:443/", "test"),
            ("https://x.scratch.my.salesforce.com", "test"),
            ("https://acme.develop.my.salesforce.com", "login"), ("http://127.0.0.1:4243", "login"),
            ("https://sandbox.my.salesforce.com.acme.example", "login"),
        ])
    func audienceOfHost(_ url: String, _ host: String) throws {
        #expect(try audience(of: Origin(url)) == "https://\(host).salesforce.com")
    }
}
