import Basics
import Foundation
import JSON
import Lambda
import Testbed

/// A signed request as API Gateway passes it on. A test changes the parts that it is about.
struct WebhookRequest {
    static let secret = "8f2c61d0b7e94a35c3f1b2a49d7e5068"

    var path = Seed.order
    /// The signed body; nil is a body of the order id, the timestamp and the nonce.
    var body: [UInt8]?
    var orderID = Seed.order
    var timestamp = "2026-11-20T10:15:30Z"
    var nonce = "9f1c4b7e02d85a36"
    var key = "key-1"
    var secret = WebhookRequest.secret
    var sourceIP = "203.0.113.25"
    /// Replace those of the same name; nil removes one.
    var headers: [String: String?] = [:]
    var isBase64 = false
    /// Payload format 1.0, which REST APIs send.
    var isREST = false

    /// A further request for the same order, with a nonce and an idempotency key of its own.
    func again(_ number: Int) -> WebhookRequest {
        var request = self
        (request.nonce, request.key) = ("another-nonce-0\(number)", "key-\(number)")
        return request
    }

    var bodyBytes: [UInt8] {
        body ?? Array(#"{"orderId":"\#(orderID)","timestamp":"\#(timestamp)","nonce":"\#(nonce)"}"#.utf8)
    }

    var signature: String { WebhookSigner(secret: secret).signature(of: bodyBytes) }

    var payload: [UInt8] {
        var sent: [String: String] = [
            "content-type": "application/json", "x-sf-timestamp": timestamp, "x-sf-nonce": nonce,
            "idempotency-key": key,
            "x-sf-signature": signature,
        ]
        for (name, value) in headers { sent[name] = value }
        let text = isBase64 ? Data(bodyBytes).base64EncodedString() : String(decoding: bodyBytes, as: UTF8.self)
        var event: [String: JSON] = [
            "headers": .object(sent.mapValues(JSON.string)), "pathParameters": ["sfOrderId": .string(path)],
            "body": .string(text), "isBase64Encoded": .bool(isBase64),
        ]
        let route = JSON.string("/orders/\(path)/fulfill")
        if isREST {
            event.merge(["httpMethod": "POST", "path": route]) { $1 }
            event["requestContext"] = [
                "requestId": "api-1", "requestTimeEpoch": 1_795_169_729_950,
                "identity": ["sourceIp": .string(sourceIP)],
            ]
        } else {
            event["rawPath"] = route
            event["requestContext"] = [
                "requestId": "api-1", "timeEpoch": 1_795_169_729_950,
                "http": ["method": "POST", "sourceIp": .string(sourceIP)],
            ]
        }
        return JSON.object(event).bytes
    }
}

extension Timestamp {
    /// The time of `WebhookRequest.timestamp`.
    static let requestTime: Timestamp = 1_795_169_730_000
}
