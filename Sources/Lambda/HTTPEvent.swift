import FoundationEssentials

/// A request as API Gateway hands it over: payload format 2.0 (HTTP APIs, function URLs) or 1.0 (REST APIs).
///
/// "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway" has both.
public struct HTTPEvent: Sendable {
    public var method: String
    public var path: String
    public var pathParameters: [String: String]
    /// By lower-case name; repeated ones are joined with commas by API Gateway.
    public var headers: [String: String]
    /// The bytes as the client sent them, base64 undone; nothing is parsed.
    public var body: [UInt8]
    /// The peer of the TCP connection, which no header can forge.
    public var sourceIP: String
    public var requestID: String
    private var isVersion1: Bool

    public init(_ payload: [UInt8]) throws(FunctionError) {
        let event = try decodeEvent(Wire.self, from: payload, as: "an API Gateway request")
        isVersion1 = event.requestContext.http == nil
        let wireMethod = event.requestContext.http?.method ?? event.httpMethod
        let wirePath = event.rawPath ?? event.path
        let wireIP = event.requestContext.http?.sourceIp ?? event.requestContext.identity?.sourceIp
        guard let method = wireMethod, let path = wirePath, let sourceIP = wireIP else {
            let missing = [("method", wireMethod), ("path", wirePath), ("sourceIp", wireIP)].filter { $0.1 == nil }
            throw FunctionError(
                "MalformedEvent",
                "the event is not an API Gateway request: \(missing.map(\.0).joined(separator: ", ")) missing")
        }
        self.method = method
        self.path = path
        self.sourceIP = sourceIP
        requestID = event.requestContext.requestId ?? ""
        pathParameters = event.pathParameters ?? [:]
        headers = Dictionary((event.headers ?? [:]).map { ($0.key.lowercased(), $0.value) }) { "\($0),\($1)" }
        let text = event.body ?? ""
        guard event.isBase64Encoded == true else {
            body = Array(text.utf8)
            return
        }
        guard let decoded = Data(base64Encoded: text) else {
            throw FunctionError("MalformedEvent", "the event's body is flagged as base64 and is not")
        }
        body = [UInt8](decoded)
    }

    /// The answer in the form this event's version wants.
    public func reply(_ status: Int, headers: [String: String] = [:], body: [UInt8]) -> [UInt8] {
        let answer = Answer(
            statusCode: status, headers: headers, body: String(decoding: body, as: UTF8.self), isBase64Encoded: false,
            multiValueHeaders: isVersion1 ? [:] : nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // Strings and a number always encode.
        return (try? [UInt8](encoder.encode(answer))) ?? []
    }
}

private struct Answer: Encodable {
    var statusCode: Int
    var headers: [String: String]
    var body: String
    var isBase64Encoded: Bool
    var multiValueHeaders: [String: [String]]?
}

private struct Wire: Decodable {
    struct Context: Decodable {
        struct Request: Decodable {
            var method: String
            var sourceIp: String
        }
        struct Identity: Decodable {
            var sourceIp: String?
        }
        var http: Request?
        var identity: Identity?
        var requestId: String?
    }

    var requestContext: Context
    var httpMethod: String?
    var rawPath: String?
    var path: String?
    var pathParameters: [String: String]?
    var headers: [String: String]?
    var body: String?
    var isBase64Encoded: Bool?
}
