import JSON

/// What a program answered to API Gateway.
struct GatewayAnswer {
    var status: Int
    var headers: [String: String]
    var text: String
    /// Payload format 1.0 has this member; 2.0 does not.
    var hasMultiValueHeaders: Bool

    init(_ bytes: [UInt8]) {
        let answer = JSON(bytes)
        status = answer?["statusCode"]?.integer ?? 0
        headers = (answer?["headers"]?.object ?? [:]).compactMapValues(\.string)
        text = answer?["body"]?.string ?? ""
        hasMultiValueHeaders = answer?["multiValueHeaders"] != nil
    }

    var body: JSON { JSON(Array(text.utf8)) ?? .null }
    var code: String? { body["code"]?.string }
    var detail: String? { body["detail"]?.string }
}
