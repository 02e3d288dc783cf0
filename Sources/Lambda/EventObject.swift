import JSON

/// An event, or an object within it, read member by member. The error names the member that is missing or wrong.
struct EventObject {
    private let members: [String: JSON]
    /// Its path in the event, such as "requestContext.http."; empty for the event itself.
    private let path: String
    private let what: String

    /// - Parameter what: the event in words, such as "an API Gateway request".
    init(_ payload: [UInt8], as what: String) throws(FunctionError) {
        guard let event = JSON(payload) else { throw EventObject.malformed(what, "it is not JSON") }
        guard let members = event.object else {
            throw EventObject.malformed(what, event == .null ? "it is null" : "it has the wrong type")
        }
        self.init(members: members, path: "", what: what)
    }

    private init(members: [String: JSON], path: String, what: String) {
        self.members = members
        self.path = path
        self.what = what
    }

    /// The member of that name, which must exist, as `read` reads it.
    func value<Value>(_ name: String, _ read: (JSON) -> Value?) throws(FunctionError) -> Value {
        if let value = try optional(name, read) { return value }
        throw fault(name, members[name] == nil ? "is missing" : "is null")
    }

    /// The member of that name as `read` reads it; nil when it is missing or null.
    func optional<Value>(_ name: String, _ read: (JSON) -> Value?) throws(FunctionError) -> Value? {
        guard let member = members[name], member != .null else { return nil }
        guard let value = read(member) else { throw fault(name, "has the wrong type") }
        return value
    }

    func object(_ name: String) throws(FunctionError) -> EventObject {
        within(name, try value(name, \.object))
    }

    func optionalObject(_ name: String) throws(FunctionError) -> EventObject? {
        try optional(name, \.object).map { within(name, $0) }
    }

    /// The member of that name, which must be a list of objects.
    func objects(_ name: String) throws(FunctionError) -> [EventObject] {
        var objects: [EventObject] = []
        for (index, element) in try value(name, \.array).enumerated() {
            let name = "\(name)[\(index)]"
            guard let members = element.object else { throw fault(name, "has the wrong type") }
            objects.append(within(name, members))
        }
        return objects
    }

    /// All members, which must be strings.
    func strings() throws(FunctionError) -> [(name: String, value: String)] {
        var strings: [(name: String, value: String)] = []
        for (name, member) in members {
            guard let value = member.string else {
                throw fault(name, member == .null ? "is null" : "has the wrong type")
            }
            strings.append((name, value))
        }
        return strings
    }

    private func within(_ name: String, _ members: [String: JSON]) -> EventObject {
        EventObject(members: members, path: "\(path)\(name).", what: what)
    }

    private func fault(_ name: String, _ fault: String) -> FunctionError {
        EventObject.malformed(what, "\(path)\(name) \(fault)")
    }

    private static func malformed(_ what: String, _ fault: String) -> FunctionError {
        FunctionError("MalformedEvent", "the event is not \(what): \(fault)")
    }
}
