import JSON

/// An answer to API Gateway, taken apart.
struct Answer {
    var status: Int
    var headers: [String: String]
    var text: String
    /// As the payload format 1.0 wants it.
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
