import Basics
import JSON
import Lambda
import Salesforce

/// A sender's request: the order to provision, and what makes the request unique.
///
/// The values come from the signed body. Path and headers are not signed, and must agree with it.
struct FulfillmentRequest: Equatable {
    var orderID: RecordID
    var timestamp: Timestamp
    var nonce: String
    var idempotencyKey: String

    init(_ event: HTTPEvent) throws(ProblemDetails) {
        guard let body = JSON(event.body) else {
            throw ProblemDetails(415, "UNSUPPORTED_MEDIA_TYPE", "the body is not JSON")
        }
        guard body.object != nil else { throw .invalid("the body must be a JSON object") }
        guard let orderID = body["orderId"]?.stringOrNumber.flatMap(RecordID.init) else {
            throw .invalid("orderId in the body must be a Salesforce id of 15 or 18 characters")
        }
        guard let timestamp = body["timestamp"]?.stringOrNumber.flatMap({ Timestamp($0) }) else {
            throw .invalid("timestamp in the body must be ISO 8601 with a zone, or Unix time in s or ms")
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
        guard let key = event.headers["idempotency-key"], (1...255).contains(key.utf8.count),
            key.utf8.allSatisfy(isVisible)
        else {
            throw .invalid("Idempotency-Key must be set to 1 to 255 visible characters")
        }
        self.orderID = orderID
        self.timestamp = timestamp
        self.nonce = nonce
        idempotencyKey = key
    }

    /// Refuses a request whose time is further from `now` than `tolerance`, in either direction.
    func checkTime(now: Timestamp, tolerance: Milliseconds) throws(ProblemDetails) {
        let skew = timestamp - now
        guard abs(skew) > tolerance else { return }
        let minutes = (abs(skew) + 30_000) / 60_000
        var detail = "timestamp is \(minutes) min \(skew < 0 ? "behind" : "ahead of") this server's clock"
        // Apex's format() writes the user's local time, and a literal Z in the pattern marks it as UTC. No clock drifts by
        // whole quarters of an hour.
        let beyondQuarter = abs(skew) % 900_000
        if abs(skew) >= 900_000 - 60_000, min(beyondQuarter, 900_000 - beyondQuarter) <= 60_000 {
            detail += "; it looks like local time marked as UTC: use formatGmt in Apex"
        }
        throw ProblemDetails(401, "STALE_TIMESTAMP", detail)
    }
}

private func isVisible(_ character: UInt8) -> Bool { (0x21...0x7e).contains(character) }
