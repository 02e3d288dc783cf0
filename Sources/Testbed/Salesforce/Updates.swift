import Basics
import Foundation
import JSON

extension SalesforceSimulator.State {
    /// `PATCH sobjects/<type>/<id>` writes all fields or none.
    mutating func update(_ type: String, _ id: String, _ fields: [String: JSON]) throws(SalesforceRefusal) {
        guard Schema.objects[type] != nil, let id = salesforceId18(id), var record = records[type]?[id] else {
            throw .notFound
        }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            let field = try Schema.writable(name, of: type, access(to: name, of: type))
            record[field.name] = try field.checked(value)
        }
        record["LastModifiedDate"] = .string(salesforceTime(now))
        records[type]?[id] = record
        if type == "Order", let status = fields["Provisioning_Status__c"]?.stringOrNumber {
            statusHistory[id, default: []].append(status)
        }
    }

    /// `PATCH composite/sobjects` has a result for each record. The status is always 200.
    mutating func updateCollection(_ body: JSON) throws(SalesforceRefusal) -> JSON {
        guard let rows = body["records"]?.array else {
            throw SalesforceRefusal(status: 400, code: "JSON_PARSER_ERROR", message: "records expected")
        }
        guard rows.count <= 200 else {
            throw SalesforceRefusal(
                status: 400, code: "EXCEEDED_MAX_SIZE_REQUEST",
                message: "record limit reached. cannot submit more than 200 records into this call")
        }
        // Of each row, and not the whole state: that would copy all records.
        var before: [StoredRow] = []
        let outcomes = rows.map { row in
            Result { () throws(SalesforceRefusal) in
                let (type, id, fields) = try rowToUpdate(row)
                before.append(StoredRow(type: type, id: id, record: records[type]?[id], history: statusHistory[id]))
                try update(type, id, fields)
                return id
            }
        }
        var failed = false
        for case .failure in outcomes { failed = true }
        let rolledBack = failed && body["allOrNone"]?.bool == true
        if rolledBack { before.reversed().forEach { restore($0) } }
        return .array(
            outcomes.map { outcome in
                switch outcome {
                case .success(let id) where !rolledBack:
                    ["id": .string(id), "success": true, "errors": []]
                case .success(let id):
                    saveError(
                        id, "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                        "Record rolled back because not all records were valid and the request was using AllOrNone header"
                    )
                case .failure(let error):
                    saveError(nil, error.code, error.message, error.fields)
                }
            })
    }

    private struct StoredRow {
        var type: String
        var id: String
        var record: [String: JSON]?
        var history: [String]?
    }

    private mutating func restore(_ row: StoredRow) {
        records[row.type]?[row.id] = row.record
        statusHistory[row.id] = row.history
    }

    private func rowToUpdate(
        _ row: JSON
    ) throws(SalesforceRefusal) -> (type: String, id: String, fields: [String: JSON]) {
        guard var fields = row.object, let type = row["attributes"]?["type"]?.stringOrNumber,
            let id = (row["id"] ?? row["Id"])?.stringOrNumber
        else {
            throw SalesforceRefusal(
                status: 400, code: "MISSING_ARGUMENT", message: "Id not specified in an update call")
        }
        for name in ["attributes", "id", "Id"] { fields[name] = nil }
        guard let id18 = salesforceId18(id), records[type]?[id18] != nil else {
            throw SalesforceRefusal(
                status: 400, code: "INVALID_CROSS_REFERENCE_KEY", message: "invalid cross reference id")
        }
        return (type, id18, fields)
    }
}

/// A SaveResult, which has `statusCode` where all other errors have `errorCode`.
private func saveError(_ id: String?, _ code: String, _ message: String, _ fields: [String] = []) -> JSON {
    let error: JSON = [
        "statusCode": .string(code), "message": .string(message), "fields": .array(fields.map(JSON.string)),
    ]
    var result: [String: JSON] = ["success": false, "errors": .array([error])]
    if let id { result["id"] = .string(id) }
    return .object(result)
}

extension Schema {
    fileprivate static func writable(
        _ name: String, of type: String, _ access: SalesforceSimulator.State.FieldAccess?
    ) throws(SalesforceRefusal) -> Field {
        guard let field = objects[type]?.first(where: { $0.name == name }), access != .hidden else {
            throw SalesforceRefusal(
                status: 400, code: "INVALID_FIELD", message: "No such column '\(name)' on sobject of type \(type)")
        }
        if field.name == "Id" {
            throw SalesforceRefusal(
                status: 400, code: "INVALID_FIELD",
                message: "The Id field should not be specified in the sobject data.")
        }
        if field.readOnly || access == .readOnly {
            throw SalesforceRefusal(
                status: 400, code: "INVALID_FIELD_FOR_INSERT_UPDATE",
                message: "Unable to create/update fields: \(name). Please check the security settings of this field "
                    + "and verify that it is read/write for your profile or permission set.", fields: [name])
        }
        return field
    }
}

extension Schema.Field {
    private var label: String {
        name.replacing("__c", with: "").replacing("_", with: " ")
    }

    /// The value as the record stores it. Salesforce takes no number for text, and no text for a number.
    fileprivate func checked(_ value: JSON) throws(SalesforceRefusal) -> JSON {
        switch (kind, value) {
        case (_, .null), (.number, .number), (.boolean, .bool), (.picklist, .string):
            return value
        case (.text(let length), .string(let text)):
            // Salesforce counts UTF-16 units.
            guard text.utf16.count <= length else {
                throw SalesforceRefusal(
                    status: 400, code: "STRING_TOO_LONG",
                    message: "\(label): data value too large: \(text) (max length=\(length))", fields: [name])
            }
            return value
        case (.restrictedPicklist(let allowed), .string(let text)):
            guard allowed.contains(text) else {
                throw SalesforceRefusal(
                    status: 400, code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    message: "\(label): bad value for restricted picklist field: \(text)", fields: [name])
            }
            return value
        case (.datetime, .string(let text)):
            guard let date = parsedTime(text) else { throw unreadable(value) }
            return .string(salesforceTime(Timestamp(date)))
        case (.reference, .string(let text)):
            guard let id = salesforceId18(text) else {
                throw SalesforceRefusal(
                    status: 400, code: "MALFORMED_ID", message: "\(label): id value of incorrect type: \(text)",
                    fields: [name])
            }
            return .string(id)
        default:
            throw unreadable(value)
        }
    }

    private func unreadable(_ value: JSON) -> SalesforceRefusal {
        SalesforceRefusal(
            status: 400, code: "JSON_PARSER_ERROR",
            message: "Cannot deserialize instance of \(label) from \(String(decoding: value.bytes, as: UTF8.self))")
    }
}

/// A time with or without a fraction. The zone is `Z` or an offset.
private func parsedTime(_ text: String) -> Date? {
    (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        ?? (try? Date(text, strategy: .iso8601))
}
