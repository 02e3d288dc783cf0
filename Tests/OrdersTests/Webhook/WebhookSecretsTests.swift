import Lambda
import TestSupport
import Testing

@testable import Orders

@Suite struct WebhookSecretsTests {
    private static let body = Array(#"{"orderId":"801"}"#.utf8)

    /// By openssl, so that the verification is not checked against itself.
    private static func signature(_ secret: String) throws -> String {
        let output = try Program.openssl.run(["dgst", "-sha256", "-hmac", secret], input: body)
        return String(String(decoding: output, as: UTF8.self).split(separator: " ").last ?? "")
            .filter(\.isHexDigit)
    }

    @Test(
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
    func verifies(_ value: String, _ signer: String, _ isGenuine: Bool) throws {
        let secrets = try WebhookSecrets(parameterValue: value)
        let signature = try Self.signature(signer)
        #expect(signature.count == 64)
        #expect(secrets.verify(signature, of: Self.body) == isGenuine)
        #expect(secrets.verify(signature.uppercased(), of: Self.body) == isGenuine)
        #expect(!secrets.verify(signature, of: Self.body + [0x0a]))
    }

    @Test(arguments: [
        "", "0", "zz", "sha256=", " ", String(repeating: "0", count: 63), String(repeating: "0", count: 64),
        String(repeating: "0", count: 66),
    ])
    func refusesWhatIsNoSignature(_ signature: String) throws {
        #expect(!(try WebhookSecrets(parameterValue: "one").verify(signature, of: Self.body)))
    }

    /// A good one with something before, behind or missing is not a good one.
    @Test func refusesAnAlmostSignature() throws {
        let secrets = try WebhookSecrets(parameterValue: "one")
        let good = try Self.signature("one")
        for bad in [
            good + "0", good + "00", String(good.dropLast()), String(good.dropLast(2)), "sha256=" + good, " " + good,
        ] {
            #expect(!secrets.verify(bad, of: Self.body), "\(bad)")
        }
    }

    @Test(
        arguments: [
            ("", "the webhook secret is empty"),
            (" \r\n \n", "the webhook secret is empty"),
            ("{!$Credential.Password}", "the webhook secret is a placeholder; replace it with a random secret"),
            ("your_256_bit_secret_key_here", "the webhook secret is a placeholder; replace it with a random secret"),
            // One bad line is enough: anybody could sign with it.
            ("good\n {!x}", "the webhook secret is a placeholder; replace it with a random secret"),
        ] as [(String, String)])
    func refusesASecretThatIsNone(_ value: String, _ message: String) {
        #expect(throws: FunctionError("Configuration", message)) { try WebhookSecrets(parameterValue: value) }
    }

    @Test func isNeverPrinted() throws {
        let secrets = try WebhookSecrets(parameterValue: "hunter2")
        #expect("\(secrets)" == "[redacted]")
    }
}
