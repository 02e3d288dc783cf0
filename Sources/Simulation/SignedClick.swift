import Basics
import Crypto
import JSON

/// A signed request, as API Gateway hands it to verify-signature.
struct SignedClick {
    var order: String
    var nonce: String
    var key: String
    var secret: String
    var time: Timestamp

    var event: JSON {
        let time = time.iso8601
        let body = #"{"orderId":"\#(order)","timestamp":"\#(time)","nonce":"\#(nonce)"}"#
        let signature = (try? hmacSHA256(key: Array(secret.utf8), message: Array(body.utf8))).map(hex) ?? ""
        return [
            "rawPath": .string("/orders/\(order)/fulfill"), "pathParameters": ["sfOrderId": .string(order)],
            "headers": [
                "content-type": "application/json", "x-sf-signature": .string(signature),
                "x-sf-timestamp": .string(time), "x-sf-nonce": .string(nonce), "idempotency-key": .string(key),
            ],
            "body": .string(body), "isBase64Encoded": false,
            "requestContext": ["requestId": .string(nonce), "http": ["method": "POST", "sourceIp": "203.0.113.7"]],
        ]
    }
}
