import AWS
import Basics
import Crypto
import Lambda

/// The secrets that senders may sign with: the current one, and those that it replaces.
struct WebhookSecrets: Sendable, CustomStringConvertible {
    private let keys: [[UInt8]]

    /// - Parameters:
    ///   - parameterValue: one secret a line, the current one first; white space around it is ignored.
    ///   - isTestbed: whether the testbed's own secret is accepted.
    /// - Throws: a `Configuration` error when there is none, or one that anybody could guess: any of them opens the door.
    init(parameterValue: String, isTestbed: @autoclosure () -> Bool) throws(FunctionError) {
        // By bytes: this is done for each request, and a search for characters takes as long as the HMAC.
        let lines = parameterValue.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        keys = lines.map { Array(Substring($0).trimmed.utf8) }.filter { !$0.isEmpty }
        guard !keys.isEmpty else { throw FunctionError("Configuration", "the webhook secret is empty") }
        for key in keys {
            guard let weakness = SecretWeakness(of: key), weakness != .isTestbeds || !isTestbed() else { continue }
            throw FunctionError(
                "Configuration", "the webhook secret \(weakness.rawValue); replace it with a random secret")
        }
    }

    /// Whether `signature` is the HMAC-SHA256 of `message` under one of the secrets.
    func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        // Tries every secret, so that the time does not reveal which one matched.
        keys.map { constantTimeEqual(hmacSHA256(key: $0, message: message), signature) }.contains(true)
    }

    var description: String { "[redacted]" }
}
