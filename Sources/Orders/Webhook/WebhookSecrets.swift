import AWS
import Basics
import Crypto
import Lambda

/// The secrets that senders may sign with: the current one, and those that it replaces.
struct WebhookSecrets: Sendable, CustomStringConvertible {
    private let keys: [[UInt8]]

    /// - Parameter parameterValue: one secret a line, the current one first; white space around it is ignored.
    /// - Throws: a `Configuration` error for an empty or published secret.
    init(parameterValue: String) throws(FunctionError) {
        // By bytes: this is done for each request, and a search for characters takes as long as the HMAC.
        let lines = parameterValue.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        let secrets = lines.map { String(Substring($0).trimmed) }.filter { !$0.isEmpty }
        guard !secrets.isEmpty else { throw FunctionError("Configuration", "the webhook secret is empty") }
        // A merge field that Salesforce did not replace, and the value that the portal's documentation prints: anybody
        // can sign with them.
        guard !secrets.contains(where: { $0.hasPrefix("{!") || $0 == "your_256_bit_secret_key_here" }) else {
            throw FunctionError("Configuration", "the webhook secret is a placeholder; replace it with a random secret")
        }
        keys = secrets.map { Array($0.utf8) }
    }

    /// Whether `signature`, hexadecimal in either case, is the HMAC-SHA256 of `body` under one of the secrets.
    func verify(_ signature: String, of body: [UInt8]) throws(CryptoFailure) -> Bool {
        guard let given = bytes(hex: signature) else { return false }
        // Tries every secret, so that the time does not reveal which one matched.
        return try keys.map { key throws(CryptoFailure) in
            constantTimeEqual(try hmacSHA256(key: key, message: body), given)
        }.contains(true)
    }

    var description: String { "[redacted]" }
}
