import Basics
import Lambda

extension Authentication {
    static let unreadable = ProblemDetails(
        503, "SERVICE_UNAVAILABLE", "the status cannot be read now", retryAfter: 5)

    /// Checks the signature of a read: of `GET`, the path and `X-SF-Timestamp`, each on a line of its own.
    ///
    /// A read needs no nonce: it changes nothing, and whoever can repeat it has already seen its answer. No signature is
    /// good for both a read and an order, because an order's signed body is a JSON object and never begins with `GET`.
    func checkRead(_ event: HTTPEvent, path: String) throws(ProblemDetails) {
        let timestamp = event.headers["x-sf-timestamp"] ?? ""
        try checkSignature(
            event.headers["x-sf-signature"], of: Array("GET\n\(path)\n\(timestamp)".utf8),
            signed: "GET, the path and X-SF-Timestamp, separated by newlines", unavailable: Self.unreadable)
        guard let time = Timestamp(timestamp) else {
            throw ProblemDetails(
                401, "STALE_TIMESTAMP", "X-SF-Timestamp must be ISO 8601 with a zone, or Unix time in s or ms")
        }
        try checkTime(time)
    }
}
