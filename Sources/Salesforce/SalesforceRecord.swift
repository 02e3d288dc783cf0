import JSON

/// A record as Salesforce sent it: nothing is interpreted.
public struct SalesforceRecord: Sendable, Equatable {
    public let id: RecordID
    private let fields: JSON

    init?(_ fields: JSON) {
        guard let id = fields["Id"]?.stringOrNumber.flatMap({ RecordID($0) }) else { return nil }
        self.id = id
        self.fields = fields
    }

    /// The value at the end of a path that the query selected (`Product2.Name`), a number as text: "185" also where
    /// Salesforce has 185.0. Nil when there is none.
    public subscript(path: String) -> String? { fields[path: path]?.stringOrNumber }
}

extension JSON {
    /// The value at the end of a path; null counts as none. The case of a name does not matter: a query takes a name in
    /// any case, and the answer has the org's.
    subscript(path path: String) -> JSON? {
        var value = self
        for name in path.split(separator: ".") {
            guard let next = value[String(name)] ?? value[anyCase: name.lowercased()] else { return nil }
            value = next
        }
        return value == .null ? nil : value
    }

    private subscript(anyCase name: String) -> JSON? {
        object?.first { $0.key.lowercased() == name }?.value
    }
}
