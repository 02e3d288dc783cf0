import Foundation
import JSON

/// The HTTP response that API Gateway derives from a function's answer.
enum GatewayReply {
    static func of(_ payload: [UInt8], version: String, requestId: String) -> ServerReply {
        guard let json = JSON(payload) else { return message(500, "Internal Server Error", requestId) }
        guard let status = json["statusCode"] else {
            // In format 2.0 an answer without a status code is the body of a 200. Format 1.0 requires the status code.
            if version == "1.0" { return message(500, "Internal Server Error", requestId) }
            return .answer(status: 200, headers: headers([:], ["application/json"], requestId), body: payload)
        }
        guard let code = status.integer, (100...599).contains(code), let body = body(of: json) else {
            return message(500, "Internal Server Error", requestId)
        }
        let given = (json["headers"]?.object ?? [:]).mapValues { [text($0)] }
        let several = (json["multiValueHeaders"]?.object ?? [:]).mapValues { ($0.array ?? []).map(text) }
        let cookies = (json["cookies"]?.array ?? []).map(text)
        var all = given.merging(several) { $1 }
        if !cookies.isEmpty { all["set-cookie", default: []] += cookies }
        return .answer(
            status: Int(code), headers: headers(all, ["text/plain;charset=UTF-8"], requestId), body: body)
    }

    /// API Gateway's own errors.
    static func message(_ status: Int, _ text: String, _ requestId: String) -> ServerReply {
        let body: JSON = ["message": .string(text)]
        return .answer(status: status, headers: headers([:], ["application/json"], requestId), body: body.bytes)
    }

    /// Nil when the body is no text, or is marked as base64 and is not.
    private static func body(of json: JSON) -> [UInt8]? {
        guard let body = json["body"], body != .null else { return [] }
        guard case .string(let text) = body else { return nil }
        guard json["isBase64Encoded"]?.bool == true else { return Array(text.utf8) }
        return Data(base64Encoded: text).map { Array($0) }
    }

    private static func headers(
        _ given: [String: [String]], _ contentType: [String], _ requestId: String
    ) -> [(name: String, value: String)] {
        var headers = Dictionary(given.map { ($0.key.lowercased(), $0.value) }) { $0 + $1 }
        // The gateway sets these itself.
        for name in ["content-length", "connection", "transfer-encoding"] { headers[name] = nil }
        headers["content-type"] = headers["content-type"] ?? contentType
        headers["apigw-requestid"] = [requestId]
        return headers.sorted { $0.key < $1.key }.flatMap { name, values in values.map { (name, $0) } }
    }

    private static func text(_ value: JSON) -> String {
        value.stringOrNumber ?? value.bool.map(String.init) ?? ""
    }
}
