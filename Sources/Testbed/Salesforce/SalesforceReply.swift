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
        var bytes: [UInt8] = []
        writeAsSalesforce(to: &bytes)
        return bytes
    }

    private func writeAsSalesforce(to bytes: inout [UInt8]) {
        switch self {
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.writeAsSalesforce(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += JSON.string(member.key).bytes
                bytes.append(UInt8(ascii: ":"))
                JSON.writeField(member.key, member.value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        default:
            bytes += self.bytes
        }
    }

    private static let numberFields = Set(
        Schema.objects.values.joined().filter { $0.kind == .number }.map(\.name))

    private static func writeField(_ name: String, _ value: JSON, to bytes: inout [UInt8]) {
        guard case .number(let number) = value, numberFields.contains(name) else {
            return value.writeAsSalesforce(to: &bytes)
        }
        bytes += "\(number)".utf8
    }
}
