import JSON

/// The members of a request. Each must be known to the action that reads them.
struct TableRequest {
    let members: [String: JSON]

    init(_ body: JSON, _ action: String, known: Set<String>) throws(TableRefusal) {
        guard case .object(let members) = body else { throw .unsupported("\(action) without an object") }
        for name in members.keys where !known.contains(name) {
            // Of several always the same one is reported.
            let unknown = members.keys.filter { !known.contains($0) }.sorted()
            throw .unsupported("\(unknown.first ?? name) in \(action)")
        }
        self.members = members
    }

    func text(_ name: String) throws(TableRefusal) -> String {
        guard case .string(let text) = members[name] else { throw .unsupported("a request without the text \(name)") }
        return text
    }

    func object(_ name: String) throws(TableRefusal) -> [String: JSON] {
        guard case .object(let members) = members[name] else {
            throw .unsupported("a request without the object \(name)")
        }
        return members
    }

    func array(_ name: String) throws(TableRefusal) -> [JSON] {
        guard case .array(let values) = members[name] else { throw .unsupported("a request without the list \(name)") }
        return values
    }

    func require(_ name: String, _ value: JSON) throws(TableRefusal) {
        guard members[name] == value else {
            throw .unsupported("a request whose \(name) is not \(String(decoding: value.bytes, as: UTF8.self))")
        }
    }

    /// The key of the item that the request names.
    var key: String {
        get throws(TableRefusal) {
            let key = try object("Key")
            guard key.count == 1, let attribute = key[TableAttribute.key] else {
                throw .invalid("The provided key element does not match the schema")
            }
            return try TableAttribute.key(AttributeValue(attribute))
        }
    }

    /// The table's name is this one.
    func requireTable(_ name: String) throws(TableRefusal) {
        guard try text("TableName") == name else {
            throw .refused("ResourceNotFoundException", "Requested resource not found")
        }
    }
}
