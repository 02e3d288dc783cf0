import Basics
import Foundation
import HTTP
import JSON

/// A request to fulfil an order, signed as Salesforce does it.
public struct SignedRequest: Sendable {
    var orderId: String
    var idempotencyKey: String
    var timestamp: String
    var nonce: String
    /// The signed bytes.
    var body: [UInt8]
    var signature: String

    /// - Parameters:
    ///   - idempotencyKey: a new one when nil.
    ///   - nonce: a new one when nil.
    ///   - more: further members of the body.
    public init(
        orderId: String, idempotencyKey: String? = nil, nonce: String? = nil, at time: Timestamp = .now(),
        signer: WebhookSigner = WebhookSigner(), more: [String: JSON] = [:]
    ) {
        self.orderId = orderId
        self.idempotencyKey = idempotencyKey ?? UUID().uuidString.lowercased()
        self.nonce = nonce ?? UUID().uuidString.lowercased()
        timestamp = time.iso8601Seconds
        let members: [String: JSON] = [
            "orderId": .string(orderId), "timestamp": .string(timestamp), "nonce": .string(self.nonce),
        ]
        body = JSON.object(members.merging(more) { own, _ in own }).bytes
        signature = signer.signature(of: body)
    }

    var path: String { "/orders/\(orderId)/fulfill" }

    /// Names in lower case.
    var headers: [String: String] {
        [
            "content-type": "application/json; charset=utf-8", "idempotency-key": idempotencyKey,
            "x-sf-nonce": nonce, "x-sf-signature": signature, "x-sf-timestamp": timestamp,
        ]
    }

    /// The request to a gateway.
    public func request(to gateway: String, timeout: Milliseconds = 35_000) -> Request {
        Request(
            "POST", gateway + path, headers: headers.sorted { $0.key < $1.key }.map { Header($0.key, $0.value) },
            body: body, timeout: timeout, isIdempotent: false)
    }
}
