import Basics
import Crypto
import JSON

/// A request from API Gateway, in payload format 2.0 (HTTP APIs, function URLs) or 1.0 (REST APIs).
///
/// Both are in "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway".
public struct HTTPEvent: Sendable {
    public var method: String
    /// The route that API Gateway chose, as the template names it: `GET /orders/{sfOrderId}`. A path may look like that of
    /// another route.
    public var routeKey: String
    public var pathParameters: [String: String]
    /// By lower-case name; API Gateway joins repeated ones with commas.
    public var headers: [String: String]
    /// The bytes that the client sent, base64 decoded.
    public var body: [UInt8]
    /// The TCP peer, which no header can forge.
    public var sourceIP: String
    public var requestID: String
    /// When API Gateway received the request; nil when the event does not say.
    public var receivedAt: Timestamp?
    private var isVersion1: Bool

    public init(_ payload: [UInt8]) throws(FunctionError) {
        let event = try EventObject(payload, as: "an API Gateway request")
        let context = try event.object("requestContext")
        if let http = try context.optionalObject("http") {
            isVersion1 = false
            method = try http.value("method", \.string)
            routeKey = try event.optional("routeKey", \.string) ?? ""
            sourceIP = try http.value("sourceIp", \.string)
        } else {
            isVersion1 = true
            method = try event.value("httpMethod", \.string)
            routeKey = "\(method) \(try event.optional("resource", \.string) ?? "")"
            sourceIP = try context.object("identity").value("sourceIp", \.string)
        }
        requestID = try context.optional("requestId", \.string) ?? ""
        receivedAt = try? context.optional(isVersion1 ? "requestTimeEpoch" : "timeEpoch", \.timestamp)
        let parameters = try event.optionalObject("pathParameters")?.strings() ?? []
        pathParameters = Dictionary(parameters.map { ($0.name, $0.value) }) { $1 }
        let headers = try event.optionalObject("headers")?.strings() ?? []
        self.headers = Dictionary(headers.map { ($0.name.lowercased(), $0.value) }) { "\($0),\($1)" }
        let text = try event.optional("body", \.string) ?? ""
        guard try event.optional("isBase64Encoded", \.bool) == true else {
            body = Array(text.utf8)
            return
        }
        guard let decoded = bytes(base64: text) else {
            throw FunctionError("MalformedEvent", "the event's body is flagged as base64 and is not")
        }
        body = decoded
    }

    /// The response in the event's payload format.
    public func reply(_ status: Int, headers: [String: String] = [:], body: [UInt8]) -> [UInt8] {
        var answer: [String: JSON] = [
            "statusCode": .number(status), "headers": .object(headers.mapValues(JSON.string)),
            "body": .string(String(decoding: body, as: UTF8.self)), "isBase64Encoded": false,
        ]
        if isVersion1 { answer["multiValueHeaders"] = [:] }
        return JSON.object(answer).bytes
    }
}
