import JSON

// WHMCS builds lists with PHP arrays, and PHP has one type for lists and maps. So the same list arrives as
// {"orders":{"order":[…]}}, as an array, as a single object, as {"0":…,"1":…}, or as "" when empty, at either level.

extension JSON {
    /// The rows of the list under `outer`, or under `inner` within it; nil when they cannot be read.
    func rows(_ outer: String, _ inner: String) -> [JSON]? {
        guard let value = self[outer] else { return nil }
        return (value[inner] ?? value).rows
    }

    private var rows: [JSON]? {
        switch self {
        case .null, .string(""): []
        case .array(let values): values.allSatisfy { $0.object != nil } ? values : nil
        case .object(let members): JSON.rows(of: members)
        default: nil
        }
    }

    /// A numbered list, or a single row.
    private static func rows(of members: [String: JSON]) -> [JSON]? {
        let numbered = members.compactMap { key, value in Int(key).map { (number: $0, value: value) } }
        guard numbered.count == members.count else { return [.object(members)] }
        return JSON.array(numbered.sorted { $0.number < $1.number }.map(\.value)).rows
    }

    /// A WHMCS id: a whole number above 0, as a number or text. `"0"`, `""` and null mean none.
    var id: Int? {
        integer.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Custom fields as id → value, from the rows of `{id, value}`; nil when they cannot be read.
    func customFields() -> [Int: String]? {
        guard let rows = rows("customfields", "customfield") else { return nil }
        var fields: [Int: String] = [:]
        for row in rows {
            guard let id = row["id"]?.id else { return nil }
            fields[id] = withoutAnchor(row["value"]?.stringOrNumber ?? "")
        }
        return fields
    }
}

/// WHMCS returns a custom field that holds a URL or an e-mail address as an HTML anchor around the value.
private func withoutAnchor(_ value: String) -> String {
    guard value.hasPrefix("<a "), value.hasSuffix("</a>"), let end = value.firstIndex(of: ">") else { return value }
    return String(value[value.index(after: end)...].dropLast("</a>".count))
}
