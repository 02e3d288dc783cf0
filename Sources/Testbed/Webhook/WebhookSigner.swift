import Crypto

/// Signs webhook requests as Salesforce does.
public struct WebhookSigner: Sendable {
    public var secret: String

    public init(secret: String = TestbedSecrets.webhook) {
        self.secret = secret
    }

    /// The value of `X-SF-Signature`: HMAC-SHA256 of the body's bytes, in lower-case hex.
    public func signature(of body: [UInt8]) -> String {
        (try? hmacSHA256(key: Array(secret.utf8), message: body)).map(hex) ?? ""
    }
}
