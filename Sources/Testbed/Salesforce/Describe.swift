import JSON

extension SalesforceSimulator.State {
    /// The answer to `sobjects/<type>/describe`, with the members that say what a user may do with a field. Fields that the
    /// user may not see are left out, as Salesforce does.
    func describe(_ name: String) throws(SalesforceRefusal) -> JSON {
        guard let type = Schema.typeName(name), let fields = Schema.objects[type] else { throw .notFound }
        let visible = fields.filter { isVisible($0, of: type) }
        return [
            "name": .string(type), "label": .string(type), "queryable": true, "updateable": true,
            "fields": .array(visible.map { describe($0, of: type) }),
        ]
    }

    private func describe(_ field: Schema.Field, of type: String) -> JSON {
        let kind = field.kind.description
        let values = kind.values.map { value -> JSON in
            [
                "active": true, "defaultValue": false, "label": .string(value), "validFor": .null,
                "value": .string(value),
            ]
        }
        return [
            "name": .string(field.name), "type": .string(kind.type), "length": .number(kind.length),
            "custom": .bool(field.name.hasSuffix("__c")), "nillable": .bool(!field.readOnly),
            "updateable": .bool(!field.readOnly && access(to: field.name, of: type) != .readOnly),
            "picklistValues": .array(values), "restrictedPicklist": .bool(kind.isRestricted),
            "referenceTo": .array(kind.referenceTo.map { [.string($0)] } ?? []),
            "relationshipName": .string(kind.relationship),
        ]
    }
}

extension Schema.Kind {
    fileprivate struct Description {
        var type: String
        var length = 0
        var values: [String] = []
        var isRestricted = false
        var referenceTo: String?
        var relationship: String?
    }

    fileprivate var description: Description {
        switch self {
        case .id: Description(type: "id", length: 18)
        // A long text area is one above 255 characters.
        case .text(let length): Description(type: length > 255 ? "textarea" : "string", length: length)
        case .number: Description(type: "double")
        case .boolean: Description(type: "boolean")
        case .datetime: Description(type: "datetime")
        case .picklist(let values): Description(type: "picklist", length: 255, values: values)
        case .restrictedPicklist(let values):
            Description(type: "picklist", length: 255, values: values, isRestricted: true)
        case .reference(let relationship, let type):
            Description(type: "reference", length: 18, referenceTo: type, relationship: relationship)
        }
    }
}
