import AWS
import Basics
import Crypto
import Lambda

/// The secrets that senders may sign with: the first is the current one, the rest are on their way out.
struct WebhookSecrets: Sendable, CustomStringConvertible {
    private let keys: [[UInt8]]

    /// - Parameter parameterValue: one secret a line; white space around it is not part of it.
    /// - Throws: a `Configuration` error for a value with which anybody could sign.
    init(parameterValue: String) throws(FunctionError) {
        let secrets = parameterValue.split(whereSeparator: \.isNewline).map { String($0.trimmed) }.filter {
            !$0.isEmpty
        }
        guard !secrets.isEmpty else { throw FunctionError("Configuration", "the webhook secret is empty") }
        // A merge field that Salesforce never replaces, and the value printed in the portal's documentation: both are
        // published, so that a signature made with them proves nothing.
        guard !secrets.contains(where: { $0.hasPrefix("{!") || $0 == "your_256_bit_secret_key_here" }) else {
            throw FunctionError("Configuration", "the webhook secret is a placeholder; put a random secret there")
        }
        keys = secrets.map { Array($0.utf8) }
    }

    /// Whether `signature`, hexadecimal in either case, is the HMAC-SHA256 of `body` under one of the secrets.
    func verify(_ signature: String, of body: [UInt8]) -> Bool {
        guard let given = bytes(hex: signature) else { return false }
        // Every secret is tried, so that the time does not tell which one matched.
        return keys.map { constantTimeEqual(hmacSHA256(key: $0, message: body), given) }.contains(true)
    }

    var description: String { "[redacted]" }
}
