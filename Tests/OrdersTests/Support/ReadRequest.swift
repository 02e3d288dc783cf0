import JSON
import Testbed

/// A signed read as API Gateway passes it on. A test changes the parts that it is about.
struct ReadRequest {
    static let health = ReadRequest(order: nil, path: "/health")

    /// The order in the path; nil reads `/health`.
    var order: String? = Seed.order
    /// The signed path; nil is the one that is read.
    var path: String?
    var method = "GET"
    /// Nil is the route of the order or of the health.
    var routeKey: String?
    var timestamp = "2026-11-20T10:15:30Z"
    var secret = WebhookRequest.secret
    /// What is signed; nil is `GET`, the path and the timestamp.
    var signed: String?
    /// Replace those of the same name; nil removes one.
    var headers: [String: String?] = [:]
    /// Payload format 1.0, which REST APIs send.
    var isREST = false

    static let unsigned: [String: String?] = ["x-sf-signature": nil, "x-sf-timestamp": nil]

    var signature: String {
        let text = signed ?? "GET\n\(path ?? rawPath)\n\(timestamp)"
        return WebhookSigner(secret: secret).signature(of: Array(text.utf8))
    }

    private var rawPath: String { order.map { "/orders/\($0)" } ?? "/health" }

    var payload: [UInt8] {
        var sent: [String: String] = ["x-sf-signature": signature, "x-sf-timestamp": timestamp]
        for (name, value) in headers { sent[name] = value }
        let route = order == nil ? "/health" : "/orders/{sfOrderId}"
        var event: [String: JSON] = ["headers": .object(sent.mapValues(JSON.string))]
        if let order { event["pathParameters"] = ["sfOrderId": .string(order)] }
        if isREST {
            event.merge(["httpMethod": .string(method), "resource": .string(route), "path": .string(rawPath)]) { $1 }
            event["requestContext"] = ["requestId": "api-1", "identity": ["sourceIp": "198.51.100.7"]]
        } else {
            event["routeKey"] = .string(routeKey ?? "\(method) \(route)")
            event["rawPath"] = .string(rawPath)
            event["requestContext"] = [
                "requestId": "api-1", "http": ["method": .string(method), "sourceIp": "198.51.100.7"],
            ]
        }
        return JSON.object(event).bytes
    }
}
