import Basics
import Crypto
import Foundation
import HTTP
import JSON

/// A request to fulfil an order, stamped and signed as Salesforce does it.
public struct SignedRequest: Sendable {
    public var orderId: String
    public var idempotencyKey: String
    public var timestamp: String
    public var nonce: String
    /// The signed bytes.
    public var body: [UInt8]
    /// Lower-case hex of HMAC-SHA256.
    public var signature: String

    /// - Parameters:
    ///   - idempotencyKey: a new one when nil.
    ///   - more: further members of the body.
    public init(
        orderId: String, idempotencyKey: String? = nil, nonce: String? = nil, at date: Date = Date(),
        secret: String = LocalSecrets.webhook, more: [String: JSON] = [:]
    ) {
        self.orderId = orderId
        self.idempotencyKey = idempotencyKey ?? UUID().uuidString.lowercased()
        self.nonce = nonce ?? UUID().uuidString.lowercased()
        timestamp = date.iso8601Seconds
        let members: [String: JSON] = [
            "orderId": .string(orderId), "timestamp": .string(timestamp), "nonce": .string(self.nonce),
        ]
        body = JSON.object(members.merging(more) { own, _ in own }).bytes
        signature = Self.sign(body, secret)
    }

    public static func sign(_ body: [UInt8], _ secret: String) -> String {
        hex(hmacSHA256(key: Array(secret.utf8), message: body))
    }

    public var path: String { "/orders/\(orderId)/fulfill" }

    /// All that go with it, by their names in lower case.
    public var headers: [String: String] {
        [
            "content-type": "application/json; charset=utf-8", "idempotency-key": idempotencyKey,
            "x-sf-nonce": nonce, "x-sf-signature": signature, "x-sf-timestamp": timestamp,
        ]
    }

    /// The request to a gateway.
    public func request(to gateway: String, timeout: Int = 35_000) -> Request {
        Request(
            "POST", gateway + path, headers: headers.sorted { $0.key < $1.key }.map { Header($0.key, $0.value) },
            body: body, timeout: timeout, isIdempotent: false)
    }
}
