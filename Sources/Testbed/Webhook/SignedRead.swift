import Basics
import HTTP

/// A read of order-status, signed as a portal does it.
public struct SignedRead: Sendable {
    /// Such as `/orders/801Dn0000014UPaIAM` or `/health`.
    var path: String
    var timestamp: String
    var signature: String

    public init(_ path: String, at time: Timestamp = .now(), signer: WebhookSigner = WebhookSigner()) {
        self.path = path
        timestamp = time.iso8601Seconds
        signature = signer.signature(of: Array("GET\n\(path)\n\(timestamp)".utf8))
    }

    /// Names in lower case.
    public var headers: [String: String] { ["x-sf-signature": signature, "x-sf-timestamp": timestamp] }

    /// The request to a gateway.
    public func request(to gateway: String, timeout: Milliseconds = 35_000) -> Request {
        Request(
            "GET", gateway + path, headers: headers.sorted { $0.key < $1.key }.map { Header($0.key, $0.value) },
            timeout: timeout, isIdempotent: true)
    }
}
