import Crypto
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

@Suite struct WebhookSecretsTests {
    private static let body = Array(#"{"orderId":"801"}"#.utf8)
    private static let one = "5d41402abc4b2a76b9719d911017c592"
    private static let two = "7d793037a0760186574b0282f2f435e7, the second"

    /// The signature by openssl, an independent implementation.
    private static func signature(_ secret: String) throws -> [UInt8] {
        let output = try Program.openssl.run(["dgst", "-sha256", "-hmac", secret], input: body)
        let word = String(decoding: output, as: UTF8.self).split(separator: " ").last ?? ""
        return try #require(bytes(hex: word.filter(\.isHexDigit)))
    }

    @Test(
        "Each secret of the parameter verifies a signature of the exact body",
        arguments: [
            (one, one, true),
            ("\(one)\n\(two)", one, true),
            ("\(one)\n\(two)", two, true),
            ("\(one)\r\n\(two)\r\n", two, true),
            ("\n\n  \(one) \t\n", one, true),
            (one, two, false),
            (one, one.uppercased(), false),
            ("\(one)\n\(two)", "\(one)\n\(two)", false),
        ] as [(String, String, Bool)])
    func verification(_ value: String, _ signer: String, _ isValid: Bool) throws {
        let secrets = try WebhookSecrets(parameterValue: value, isTestbed: false)
        let signature = try Self.signature(signer)
        #expect(signature.count == 32)
        #expect(secrets.verify(signature, of: Self.body) == isValid)
        #expect(!secrets.verify(signature, of: Self.body + [0x0a]))
        #expect(!secrets.verify(Array(signature.dropLast()), of: Self.body))
        #expect(!secrets.verify([], of: Self.body))
    }

    @Test(
        "A secret that anybody could guess is refused",
        arguments: [
            ("", "is empty"), (" \r\n \n", "is empty"),
            ("{!$Credential.Password}", "is a placeholder"),
            ("your_256_bit_secret_key_here", "is a placeholder"),
            ("Your webhook secret, 32 characters or more", "is a placeholder"),
            ("<the secret from the password manager>", "is a placeholder"),
            ("CHANGE_ME-change_me-CHANGE_ME-change_me", "is a placeholder"),
            ("please replace me with a random value!", "is a placeholder"),
            ("0123-PlaceHolder-0123456789-0123456789", "is a placeholder"),
            ("Password1234567890123456789012345678", "is a placeholder"),
            ("5d41402abc4b2a76b9719d911017c59", "has fewer than 32 bytes"),
            ("0", "has fewer than 32 bytes"),
            (String(repeating: "a", count: 64), "repeats itself"),
            (String(repeating: "0123456789abcdef", count: 2), "repeats itself"),
            (String(repeating: "hosting", count: 5), "repeats itself"),
            (TestbedSecrets.webhook, "is the testbed's, which is published"),
            // Anybody could sign with the second line.
            ("\(one)\n {!x}", "is a placeholder"), ("\(one)\n short", "has fewer than 32 bytes"),
        ])
    func refusedSecret(_ value: String, _ fault: String) {
        let advice = fault == "is empty" ? "" : "; replace it with a random secret"
        #expect(throws: FunctionError("Configuration", "the webhook secret \(fault)\(advice)")) {
            try WebhookSecrets(parameterValue: value, isTestbed: false)
        }
    }

    @Test(
        "A random secret is accepted",
        arguments: [
            one, two, String(repeating: "ä", count: 15) + "xy",
            // openssl rand -hex 32, openssl rand -base64 24
            "9b2d5f7c1e8a4036d1c7b05e93fa6428877f0e5bb1c94d2a6f3e80d7c5124a9b", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ",
            // A period of more than half its length is chance.
            "abcdefghijklmnopqrstuvwxyz0123abcdefghijklmnopqrstuvwxyz",
        ])
    func acceptedSecret(_ value: String) throws {
        _ = try WebhookSecrets(parameterValue: value, isTestbed: false)
    }

    @Test("The testbed's secret is accepted on the testbed") func testbedSecret() throws {
        _ = try WebhookSecrets(parameterValue: TestbedSecrets.webhook, isTestbed: true)
        #expect(throws: FunctionError.self) { try WebhookSecrets(parameterValue: "changeme", isTestbed: true) }
    }

    @Test("The secrets are not printed") func description() throws {
        let secrets = try WebhookSecrets(parameterValue: Self.one, isTestbed: false)
        #expect("\(secrets)" == "[redacted]")
    }
}
