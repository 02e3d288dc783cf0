import Basics
import Foundation
import JSON

/// The event that API Gateway makes of a request, in payload format 2.0 or 1.0.
struct GatewayEvent {
    private static let apiId = "local"
    private static let domain = "local.execute-api.\(TestbedAccount.region).amazonaws.com"

    var request: ServerRequest
    var match: Router.Match
    var requestId: String
    var sourceIp = "127.0.0.1"
    var now = Timestamp.now()

    var json: JSON { match.route.payloadFormatVersion == "1.0" ? version1 : version2 }

    private var version2: JSON {
        var event: [String: JSON] = [
            "version": "2.0",
            "routeKey": .string(match.route.key),
            "rawPath": .string(path),
            "rawQueryString": .string(request.query),
            "headers": .strings(Self.joined(headers.filter { $0.name != "cookie" })),
            "requestContext": [
                "accountId": .string(TestbedAccount.id),
                "apiId": .string(Self.apiId),
                "domainName": .string(Self.domain),
                "domainPrefix": .string(Self.apiId),
                "http": [
                    "method": .string(request.method),
                    "path": .string(path),
                    "protocol": "HTTP/1.1",
                    "sourceIp": .string(sourceIp),
                    "userAgent": .string(request.header("user-agent") ?? ""),
                ],
                "requestId": .string(requestId),
                "routeKey": .string(match.route.key),
                "stage": "$default",
                "time": .string(time),
                "timeEpoch": .milliseconds(now),
            ],
            "isBase64Encoded": .bool(isBase64),
        ]
        // Format 2.0 omits what is empty.
        if !cookies.isEmpty { event["cookies"] = .array(cookies.map(JSON.string)) }
        if !query.isEmpty { event["queryStringParameters"] = .strings(Self.joined(query)) }
        if !match.parameters.isEmpty { event["pathParameters"] = .strings(match.parameters) }
        if !request.body.isEmpty { event["body"] = .string(body) }
        return .object(event)
    }

    /// Format 1.0 omits nothing: what is empty is null.
    private var version1: JSON {
        [
            "version": "1.0",
            "resource": .string(match.route.path),
            "path": .string(path),
            "httpMethod": .string(request.method),
            "headers": .strings(Self.last(headers)),
            "multiValueHeaders": .lists(Self.grouped(headers)),
            "queryStringParameters": query.isEmpty ? .null : .strings(Self.last(query)),
            "multiValueQueryStringParameters": query.isEmpty ? .null : .lists(Self.grouped(query)),
            "pathParameters": match.parameters.isEmpty ? .null : .strings(match.parameters),
            "stageVariables": .null,
            "requestContext": [
                "accountId": .string(TestbedAccount.id),
                "apiId": .string(Self.apiId),
                "domainName": .string(Self.domain),
                "domainPrefix": .string(Self.apiId),
                "extendedRequestId": .string(requestId),
                "httpMethod": .string(request.method),
                "identity": [
                    "sourceIp": .string(sourceIp), "userAgent": .string(request.header("user-agent") ?? ""),
                ],
                "path": .string(path),
                "protocol": "HTTP/1.1",
                "requestId": .string(requestId),
                "requestTime": .string(time),
                "requestTimeEpoch": .milliseconds(now),
                "resourcePath": .string(match.route.path),
                "stage": "$default",
            ],
            "body": request.body.isEmpty ? .null : .string(body),
            "isBase64Encoded": .bool(isBase64),
        ]
    }

    /// An HTTP API passes the decoded path on.
    private var path: String { request.path.removingPercentEncoding ?? request.path }

    private var headers: [(name: String, value: String)] {
        request.headers + [
            ("x-forwarded-for", sourceIp), ("x-forwarded-port", "443"), ("x-forwarded-proto", "https"),
            ("x-amzn-trace-id", "Root=\(traceRoot)"),
        ]
    }

    /// The trace that begins with the request.
    var traceRoot: String {
        "1-\(String(now.seconds, radix: 16))-\(requestId.filter { $0 != "-" }.prefix(24))"
    }

    private var cookies: [String] {
        request.headers.filter { $0.name == "cookie" }
            .flatMap { $0.value.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) } }
    }

    private var query: [(name: String, value: String)] {
        request.query.split(separator: "&").map {
            let pair = $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { String($0).replacingOccurrences(of: "+", with: " ") }
                .map { $0.removingPercentEncoding ?? $0 }
            return (pair[0], pair.count > 1 ? pair[1] : "")
        }
    }

    /// Text travels as text, everything else as base64, also a form. Text that is not UTF-8 travels as base64, because JSON
    /// cannot hold it.
    private var isBase64: Bool {
        guard !request.body.isEmpty else { return false }
        let type = (request.header("content-type") ?? "text/plain").lowercased()
        let isText = type.wholeMatch(of: /(text\/.*|application\/([a-z.-]+\+)?(json|xml|javascript))(\s*;.*)?/) != nil
        return !isText || String(validating: request.body, as: UTF8.self) == nil
    }

    private var body: String {
        isBase64 ? Data(request.body).base64EncodedString() : String(decoding: request.body, as: UTF8.self)
    }

    /// `20/Nov/2026:12:00:00 +0000`
    private var time: String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "dd/MMM/yyyy:HH:mm:ss Z"
        return format.string(from: Date(now))
    }

    private static func joined(_ pairs: [(name: String, value: String)]) -> [String: String] {
        Dictionary(pairs.map { ($0.name, $0.value) }) { "\($0),\($1)" }
    }

    private static func last(_ pairs: [(name: String, value: String)]) -> [String: String] {
        Dictionary(pairs.map { ($0.name, $0.value) }) { $1 }
    }

    private static func grouped(_ pairs: [(name: String, value: String)]) -> [String: [String]] {
        Dictionary(grouping: pairs, by: \.name).mapValues { $0.map(\.value) }
    }
}

extension JSON {
    fileprivate static func strings(_ members: [String: String]) -> JSON { .object(members.mapValues(JSON.string)) }

    fileprivate static func lists(_ members: [String: [String]]) -> JSON {
        .object(members.mapValues { .array($0.map(JSON.string)) })
    }
}
