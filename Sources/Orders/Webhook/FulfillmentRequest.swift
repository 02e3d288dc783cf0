import Basics
import JSON
import Lambda
import Salesforce

/// A sender's request: the order to provision, and what makes the request unique.
///
/// The values come from the signed body. Path and headers are not signed, and must agree with it.
struct FulfillmentRequest: Equatable {
    var orderID: RecordID
    /// When the request was signed.
    var timestamp: Timestamp
    /// When the operator asked for it: earlier than `timestamp` where the sender has a queue, or repeats.
    var requestedAt: Timestamp
    var nonce: String
    var idempotencyKey: String

    /// - Parameter organization: the only one that may send; nil allows any.
    init(_ event: HTTPEvent, from organization: RecordID? = nil) throws(ProblemDetails) {
        guard let body = JSON(event.body) else {
            throw ProblemDetails(415, "UNSUPPORTED_MEDIA_TYPE", "the body is not JSON")
        }
        guard body.object != nil else { throw .invalid("the body must be a JSON object") }
        if let organization { try check(body["organizationId"], is: organization) }
        guard let orderID = body["orderId"]?.stringOrNumber.flatMap(RecordID.init) else {
            throw .invalid("orderId in the body must be a Salesforce id of 15 or 18 characters")
        }
        guard let timestamp = body["timestamp"]?.stringOrNumber.flatMap({ Timestamp($0) }) else {
            throw .invalid("timestamp in the body must be ISO 8601 with a zone, or Unix time in s or ms")
        }
        let requestedAt = body["requestedAt"].flatMap { $0 == .null ? nil : $0 }
        guard let requestedAt = requestedAt.map({ $0.stringOrNumber.flatMap { Timestamp($0) } }) ?? timestamp else {
            throw .invalid("requestedAt in the body must be ISO 8601 with a zone, or Unix time in s or ms")
        }
        // Local time with a Z would make an old request look new.
        guard requestedAt <= timestamp + 1_000 else {
            throw .invalid("requestedAt in the body must not be after timestamp; is it UTC?")
        }
        guard let nonce = body["nonce"]?.stringOrNumber, (16...128).contains(nonce.utf8.count),
            nonce.utf8.allSatisfy(isVisible)
        else {
            throw .invalid("nonce in the body must be 16 to 128 visible characters")
        }
        guard event.pathParameters["sfOrderId"].flatMap(RecordID.init) == orderID else {
            throw .invalid("the order id in the path is not the orderId in the body")
        }
        guard event.headers["x-sf-timestamp"].flatMap({ Timestamp($0) }) == timestamp else {
            throw .invalid("X-SF-Timestamp must be set and agree with timestamp in the body")
        }
        guard event.headers["x-sf-nonce"] == nonce else {
            throw .invalid("X-SF-Nonce must be set and agree with nonce in the body")
        }
        // The body's key wins, because it is signed.
        let signedKey = body["idempotencyKey"].flatMap { $0 == .null ? nil : $0 }
        guard let key = signedKey.map(\.stringOrNumber) ?? event.headers["idempotency-key"],
            (1...255).contains(key.utf8.count), key.utf8.allSatisfy(isVisible)
        else {
            throw .invalid("Idempotency-Key, or idempotencyKey in the body, must be set to 1 to 255 visible characters")
        }
        self.orderID = orderID
        self.timestamp = timestamp
        self.requestedAt = requestedAt
        self.nonce = nonce
        idempotencyKey = key
    }
}

private func check(_ given: JSON?, is organization: RecordID) throws(ProblemDetails) {
    guard let id = given?.stringOrNumber.flatMap(RecordID.init) else {
        throw .invalid("organizationId in the body must be a Salesforce id of 15 or 18 characters")
    }
    guard id == organization else {
        throw ProblemDetails(403, "ORGANIZATION_NOT_ALLOWED", "orders of this organizationId are not accepted here")
    }
}

private func isVisible(_ character: UInt8) -> Bool { (0x21...0x7e).contains(character) }
