import Lambda
import TestSupport
import Testing

@testable import Orders

@Suite struct WebhookSecretsTests {
    private static let body = Array(#"{"orderId":"801"}"#.utf8)

    /// The signature by openssl, an independent implementation.
    private static func signature(_ secret: String) throws -> String {
        let output = try Program.openssl.run(["dgst", "-sha256", "-hmac", secret], input: body)
        return String(String(decoding: output, as: UTF8.self).split(separator: " ").last ?? "")
            .filter(\.isHexDigit)
    }

    @Test(
        "Each secret of the parameter verifies a signature of the exact body",
        arguments: [
            ("one", "one", true),
            ("one\ntwo", "one", true),
            ("one\ntwo", "two", true),
            ("one\r\ntwo\r\n", "two", true),
            ("\n\n  one \t\n", "one", true),
            ("one two", "one two", true),
            ("one", "two", false),
            ("one", "One", false),
            ("one\ntwo", "one\ntwo", false),
        ] as [(String, String, Bool)])
    func verification(_ value: String, _ signer: String, _ isValid: Bool) throws {
        let secrets = try WebhookSecrets(parameterValue: value)
        let signature = try Self.signature(signer)
        #expect(signature.count == 64)
        #expect(try secrets.verify(signature, of: Self.body) == isValid)
        #expect(try secrets.verify(signature.uppercased(), of: Self.body) == isValid)
        #expect(try !secrets.verify(signature, of: Self.body + [0x0a]))
    }

    @Test(
        "A text that is not a signature is refused",
        arguments: [
            "", "0", "zz", "sha256=", " ", String(repeating: "0", count: 63), String(repeating: "0", count: 64),
            String(repeating: "0", count: 66),
        ])
    func malformedSignature(_ signature: String) throws {
        #expect(try !WebhookSecrets(parameterValue: "one").verify(signature, of: Self.body))
    }

    @Test("A signature with more or less than its digits is refused") func alteredSignature() throws {
        let secrets = try WebhookSecrets(parameterValue: "one")
        let signature = try Self.signature("one")
        for altered in [
            signature + "0", signature + "00", String(signature.dropLast()), String(signature.dropLast(2)),
            "sha256=" + signature, " " + signature,
        ] {
            #expect(try !secrets.verify(altered, of: Self.body), "\(altered)")
        }
    }

    @Test(
        "An empty or published secret is refused",
        arguments: [
            ("", "the webhook secret is empty"),
            (" \r\n \n", "the webhook secret is empty"),
            ("{!$Credential.Password}", "the webhook secret is a placeholder; replace it with a random secret"),
            ("your_256_bit_secret_key_here", "the webhook secret is a placeholder; replace it with a random secret"),
            // Anybody could sign with the second line.
            ("good\n {!x}", "the webhook secret is a placeholder; replace it with a random secret"),
        ] as [(String, String)])
    func refusedSecret(_ value: String, _ message: String) {
        #expect(throws: FunctionError("Configuration", message)) { try WebhookSecrets(parameterValue: value) }
    }

    @Test("The secrets are not printed") func description() throws {
        let secrets = try WebhookSecrets(parameterValue: "hunter2")
        #expect("\(secrets)" == "[redacted]")
    }
}
