import Basics
import Crypto
import HTTP

/// Signs what is posted to the alerts' webhook, so that its receiver can tell who sent it, and when.
struct AlertSignature {
    /// Without white space at its ends.
    var secret: String

    /// `X-Timestamp`, in seconds since 1970, and `X-Signature-256`: `sha256=` and the HMAC-SHA256, in hexadecimal, of the
    /// timestamp, a full stop and the body.
    func headers(of body: [UInt8], at time: Timestamp) throws(CryptoFailure) -> [Header] {
        let timestamp = String(time.seconds)
        let code = try hmacSHA256(key: Array(secret.utf8), message: Array("\(timestamp).".utf8) + body)
        return [Header("X-Timestamp", timestamp), Header("X-Signature-256", "sha256=\(hex(code))")]
    }
}
