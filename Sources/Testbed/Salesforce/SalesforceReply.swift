import Foundation
import JSON

/// A refusal of the REST API: a status, and an array with one error.
struct SalesforceRefusal: Error, Equatable {
    var status: Int
    var code: String
    var message: String
    var fields: [String] = []

    static let notFound = SalesforceRefusal(
        status: 404, code: "NOT_FOUND", message: "The requested resource does not exist")

    var json: JSON {
        var error: [String: JSON] = ["errorCode": .string(code), "message": .string(message)]
        if !fields.isEmpty { error["fields"] = .array(fields.map(JSON.string)) }
        return .array([.object(error)])
    }
}

/// The answer of a resource. The body is nil for 204.
struct SalesforceReply {
    var status: Int
    var body: JSON?

    init(_ status: Int, _ body: JSON?) {
        self.status = status
        self.body = body
    }

    init(_ error: SalesforceRefusal) {
        self.init(error.status, error.json)
    }
}

extension JSON {
    /// Salesforce writes the values of number fields with a decimal point, `185.0`, and counts without one.
    var salesforceBytes: [UInt8] {
        switch self {
        case .array(let values):
            return bracketed("[", values.map(\.salesforceBytes), "]")
        case .object(let members):
            let texts = members.sorted { $0.key < $1.key }.map { name, value in
                JSON.string(name).bytes + Array(":".utf8) + JSON.fieldBytes(name, value)
            }
            return bracketed("{", texts, "}")
        default:
            return bytes
        }
    }

    private static let numberFields = Set(
        Schema.objects.values.joined().filter { $0.kind == .number }.map(\.name))

    private static func fieldBytes(_ name: String, _ value: JSON) -> [UInt8] {
        if case .number(let number) = value, numberFields.contains(name) { return Array("\(number)".utf8) }
        return value.salesforceBytes
    }

    private func bracketed(_ open: String, _ parts: [[UInt8]], _ close: String) -> [UInt8] {
        Array(open.utf8) + Array(parts.joined(separator: Array(",".utf8))) + Array(close.utf8)
    }
}
