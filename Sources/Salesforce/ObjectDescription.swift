import JSON

/// An object's fields as this user has them: a field that the user may not read is missing ("sObject Describe").
public struct ObjectDescription: Sendable {
    public struct Field: Sendable {
        public var name: String
        /// `string`, `textarea`, `picklist`, `datetime`, `double`, `reference`, …
        public var type: String
        /// In UTF-16 units; 0 for a field without text.
        public var length: Int
        /// Whether the user may change it.
        public var isUpdateable: Bool
        /// The active values of a picklist.
        public var values: [String]
        /// Whether a picklist refuses other values.
        public var isRestricted: Bool
        /// The objects whose ids the field holds.
        public var referenceTo: [String]
        fileprivate var relationship: String?
    }

    public let name: String
    fileprivate let fields: [Field]

    /// The field of that name, in any case.
    public subscript(field: String) -> Field? {
        fields.first { $0.name.lowercased() == field.lowercased() }
    }

    /// The field whose relationship has that name in a path: AccountId for `Account`.
    public func reference(_ relationship: String) -> Field? {
        fields.first { $0.relationship?.lowercased() == relationship.lowercased() }
    }
}

extension SalesforceClient {
    /// - Parameter object: its API name.
    public func describe(_ object: String) throws(SalesforceFailure) -> ObjectDescription {
        let doing = "describing \(object)"
        let answer = try read("/sobjects/\(object)/describe", doing)
        guard let name = answer["name"]?.string, let rows = answer["fields"]?.array else {
            throw .unreadable(doing: doing)
        }
        let fields = rows.compactMap(ObjectDescription.Field.init)
        guard fields.count == rows.count else { throw .unreadable(doing: doing) }
        return ObjectDescription(name: name, fields: fields)
    }
}

extension ObjectDescription.Field {
    fileprivate init?(_ row: JSON) {
        guard let name = row["name"]?.string, let type = row["type"]?.string else { return nil }
        self.name = name
        self.type = type
        length = row["length"]?.integer ?? 0
        isUpdateable = row["updateable"]?.bool ?? false
        let values = (row["picklistValues"]?.array ?? []).filter { $0["active"]?.bool == true }
        self.values = values.compactMap { $0["value"]?.string }
        isRestricted = row["restrictedPicklist"]?.bool ?? false
        referenceTo = (row["referenceTo"]?.array ?? []).compactMap(\.string)
        relationship = row["relationshipName"]?.string
    }
}
