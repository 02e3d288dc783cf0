import JSON

// WHMCS builds lists with PHP arrays, and PHP has one kind for lists and maps. So the same list arrives as
// {"orders":{"order":[…]}}, as an array, as a single object, as {"0":…,"1":…}, or as "" when empty, at either level.

extension JSON {
    /// The rows of the list under `outer` (and `inner`, where it is nested); nil when there is none that can be read.
    func rows(_ outer: String, _ inner: String? = nil) -> [JSON]? {
        guard let value = self[outer] else { return nil }
        guard let inner, let nested = value[inner] else { return value.rows }
        return nested.rows
    }

    private var rows: [JSON]? {
        switch self {
        case .null, .string(""): []
        case .array(let values): values.allSatisfy { $0.object != nil } ? values : nil
        case .object(let members): JSON.rows(of: members)
        default: nil
        }
    }

    /// A numbered list, in no order, or a single row.
    private static func rows(of members: [String: JSON]) -> [JSON]? {
        members.keys.allSatisfy { Int($0) != nil } ? JSON.array(Array(members.values)).rows : [.object(members)]
    }

    /// A WHMCS id: a whole number above 0, as number or text. `"0"`, `""` and null mean none.
    var id: Int? {
        guard let number = integer, number > 0 else { return nil }
        return Int(number)
    }

    /// Custom fields as id → value, from the rows of `{id, value}`; nil when they cannot be read.
    func customFields(_ outer: String, _ inner: String? = nil) -> [Int: String]? {
        guard let rows = rows(outer, inner) else { return nil }
        var fields: [Int: String] = [:]
        for row in rows {
            guard let id = row["id"]?.id else { return nil }
            fields[id] = withoutAnchor(row["value"]?.stringOrNumber ?? "")
        }
        return fields
    }
}

/// WHMCS wraps a custom field's address or e-mail into an HTML anchor when it is read: the text inside is the value.
private func withoutAnchor(_ value: String) -> String {
    guard value.hasPrefix("<a "), value.hasSuffix("</a>"), let end = value.firstIndex(of: ">") else { return value }
    return String(value[value.index(after: end)...].dropLast("</a>".count))
}

extension WHMCSClient {
    /// Every row of a paged list, or `.incompleteList`: the search for an order that may have been added must never
    /// take "not read" for "not there".
    func allRows(_ action: String, _ form: Form, _ outer: String, _ inner: String) throws(WHMCSFailure) -> [JSON] {
        var rows: [JSON] = []
        var total: Int?
        repeat {
            let page = [("limitstart", String(rows.count)), ("limitnum", "250")]
            let answer = try call(action, form + page, .read)
            guard let pageTotal = answer["totalresults"]?.integer else { throw .incompleteList(action: action) }
            // With no results the list itself may be missing.
            guard let more = answer.rows(outer, inner) ?? (pageTotal == 0 ? [] : nil) else {
                throw .unreadable(action: action, "no list of \(outer)", mayHaveHappened: false)
            }
            guard total ?? pageTotal == pageTotal, !more.isEmpty || pageTotal == rows.count else {
                throw .incompleteList(action: action)
            }
            total = pageTotal
            rows += more
        } while rows.count < total ?? 0
        // The vendor promises no sort order: between two pages a row may have moved, and another be seen twice.
        guard rows.count == total ?? 0, Set(rows.compactMap { $0["id"]?.id }).count == rows.count else {
            throw .incompleteList(action: action)
        }
        return rows
    }
}
