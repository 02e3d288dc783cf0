import JSON

extension SalesforceSimulator.State {
    /// The answer to `query?q=`. Rows, and children of a row, that do not fit on a page follow at a `nextRecordsUrl`.
    ///
    /// - Parameter dataPath: `/services/data/v66.0`, with which links in the answer begin.
    mutating func query(_ text: String, pageSize: Int, dataPath: String) throws(SalesforceRefusal) -> JSON {
        var run = QueryRun(state: self, pageSize: pageSize, dataPath: dataPath)
        let soql = try SOQL(text)
        guard let type = Schema.typeName(soql.from) else {
            throw SalesforceRefusal(
                status: 400, code: "INVALID_TYPE", message: "sObject type '\(soql.from)' is not supported.")
        }
        let rows = try run.rows(soql, of: type, parent: nil)
        let answer = run.page(rows)
        self = run.state
        return answer
    }

    /// The answer to a `nextRecordsUrl`. The locator is its last part.
    func queryMore(_ locator: String, pageSize: Int, dataPath: String) throws(SalesforceRefusal) -> JSON {
        let parts = locator.split(separator: "-")
        guard parts.count == 2, let start = Int(parts[1]), let rows = cursors[String(parts[0])],
            (0..<rows.count).contains(start)
        else {
            throw SalesforceRefusal(status: 400, code: "INVALID_QUERY_LOCATOR", message: "invalid query locator")
        }
        return page(rows, from: start, locator: String(parts[0]), pageSize: pageSize, dataPath: dataPath)
    }
}

private func page(_ rows: [JSON], from start: Int, locator: String?, pageSize: Int, dataPath: String) -> JSON {
    let end = min(start + pageSize, rows.count)
    var page: [String: JSON] = [
        "totalSize": .number(rows.count),
        "done": .bool(end == rows.count),
        "records": .array(Array(rows[start..<end])),
    ]
    if let locator, end < rows.count { page["nextRecordsUrl"] = .string("\(dataPath)/query/\(locator)-\(end)") }
    return .object(page)
}

private struct QueryRun {
    var state: SalesforceSimulator.State
    let pageSize: Int
    let dataPath: String

    mutating func page(_ rows: [JSON]) -> JSON {
        guard rows.count > pageSize else {
            return Testbed.page(rows, from: 0, locator: nil, pageSize: pageSize, dataPath: dataPath)
        }
        let locator = "01gDn00000" + String(1_000_000 + state.nextNumber())
        state.cursors[locator] = rows
        return Testbed.page(rows, from: 0, locator: locator, pageSize: pageSize, dataPath: dataPath)
    }

    /// - Parameter parent: the id of the order whose items these are.
    mutating func rows(_ soql: SOQL, of type: String, parent: String?) throws(SalesforceRefusal) -> [JSON] {
        // Salesforce refuses a wrong name even when no record matches.
        try check(soql, of: type)
        var matching: [[String: JSON]] = []
        let candidates = parent.map { state.items(ofOrder: $0) } ?? candidates(soql, of: type)
        for (_, record) in candidates.sorted(by: { $0.key < $1.key }) {
            var isMatch = true
            for condition in soql.conditions where isMatch {
                isMatch = try matches(record, condition, of: type)
            }
            if isMatch { matching.append(record) }
        }
        for (path, descending) in soql.order.reversed() {
            let keyed = try matching.map { record throws(SalesforceRefusal) in
                (key: try value(path, of: record, type), record: record)
            }
            // A stable sort by the last key first. Nulls come first, as in Salesforce.
            matching = keyed.sorted { descending ? precedes($1.key, $0.key) : precedes($0.key, $1.key) }.map(\.record)
        }
        var rows: [JSON] = []
        for record in matching.prefix(soql.limit ?? .max) { rows.append(try row(soql, record, type)) }
        return rows
    }

    /// The records that may match: one where a condition names it by its id.
    private func candidates(_ soql: SOQL, of type: String) -> [String: [String: JSON]] {
        let all = state.records[type] ?? [:]
        let isID = { (condition: SOQL.Condition) in condition.path == ["Id"] && condition.comparison == .equal }
        guard let values = soql.conditions.first(where: isID)?.values, values.count == 1,
            let id = values[0].string.flatMap(salesforceId18)
        else { return all }
        return all[id].map { [id: $0] } ?? [:]
    }

    private func check(_ soql: SOQL, of type: String) throws(SalesforceRefusal) {
        var paths = soql.conditions.map(\.path) + soql.order.map(\.path)
        var selected: Set<String> = []
        for case .path(let path) in soql.items {
            let name = path.joined(separator: ".")
            guard selected.insert(name.lowercased()).inserted else {
                throw SalesforceRefusal(
                    status: 400, code: "MALFORMED_QUERY", message: "duplicate field selected: \(name)")
            }
            paths.append(path)
        }
        for path in paths { _ = try value(path, of: [:], type) }
        for case .children(let children) in soql.items {
            guard let target = Schema.children(children.from, of: type) else {
                throw SalesforceRefusal(
                    status: 400, code: "INVALID_TYPE",
                    message: "Didn't understand relationship '\(children.from)' in FROM part of query call.")
            }
            try check(children, of: target)
        }
    }

    private mutating func row(_ soql: SOQL, _ record: [String: JSON], _ type: String) throws(SalesforceRefusal) -> JSON
    {
        var row: [String: JSON] = [:]
        for item in soql.items {
            switch item {
            case .path(let path):
                try add(path, to: &row, of: record, type)
            case .children(let children):
                guard let target = Schema.children(children.from, of: type) else { continue }
                let found = try rows(children, of: target, parent: record["Id"]?.stringOrNumber ?? "")
                // Without children the value is null, not an empty result.
                row["OrderItems"] = found.isEmpty ? .null : page(found)
            }
        }
        row["attributes"] = attributes(record, type)
        return .object(row)
    }

    /// Adds the value of that path to the row. Each relationship of the path is an object.
    private func add(_ path: [String], to row: inout [String: JSON], of record: [String: JSON], _ type: String)
        throws(SalesforceRefusal)
    {
        if path.count == 1 {
            let name = try known(path[0], of: type).name
            row[name] = record[name] ?? .null
            return
        }
        guard let step = Schema.relationship(path[0], of: type), let target = self.target(step, of: record) else {
            row[Schema.relationship(path[0], of: type)?.name ?? path[0]] = .null
            return
        }
        var inner = row[step.name]?.object ?? [:]
        try add(Array(path.dropFirst()), to: &inner, of: target, step.type)
        inner["attributes"] = attributes(target, step.type)
        row[step.name] = .object(inner)
    }

    private func value(_ path: [String], of record: [String: JSON], _ type: String) throws(SalesforceRefusal) -> JSON {
        if path.count == 1 {
            // Most names are in the schema's case.
            if let value = record[path[0]] { return value }
            return record[try known(path[0], of: type).name] ?? .null
        }
        guard let step = Schema.relationship(path[0], of: type) else {
            throw SalesforceRefusal(
                status: 400, code: "INVALID_FIELD",
                message: "Didn't understand relationship '\(path[0])' in field path. If you are attempting to use a "
                    + "custom relationship, be sure to append the '__r' after the custom relationship name.")
        }
        return try value(Array(path.dropFirst()), of: target(step, of: record) ?? [:], step.type)
    }

    private func target(_ step: (field: Schema.Field, type: String, name: String), of record: [String: JSON])
        -> [String: JSON]?
    {
        record[step.field.name]?.stringOrNumber.flatMap { state.records[step.type]?[$0] }
    }

    private func matches(_ record: [String: JSON], _ condition: SOQL.Condition, of type: String)
        throws(SalesforceRefusal) -> Bool
    {
        let found = try value(condition.path, of: record, type)
        if condition.comparison != .equal, condition.comparison != .notEqual {
            // `…10:15:30.000+0000` and `…10:15:30.000Z` differ only in the zone, which is UTC in both.
            guard let text = found.string?.prefix(23), let limit = condition.values.first?.stringOrNumber?.prefix(23)
            else { return false }
            return switch condition.comparison {
            case .less: text < limit
            case .greater: text > limit
            default: text >= limit
            }
        }
        let isId = condition.path.last?.lowercased().hasSuffix("id") == true
        var isEqual = false
        for wanted in condition.values {
            if isId, case .string(let text) = found, case .string(let id) = wanted, salesforceId18(text) == text {
                guard let id = salesforceId18(id) else {
                    throw SalesforceRefusal(
                        status: 400, code: "INVALID_QUERY_FILTER_OPERATOR", message: "invalid ID field: \(id)")
                }
                if text == id { isEqual = true }
            } else if found == wanted {
                isEqual = true
            }
        }
        return isEqual == (condition.comparison == .equal)
    }

    private func attributes(_ record: [String: JSON], _ type: String) -> JSON {
        ["type": .string(type), "url": .string("\(dataPath)/sobjects/\(type)/\(record["Id"]?.stringOrNumber ?? "")")]
    }
}

extension QueryRun {
    private func known(_ name: String, of type: String) throws(SalesforceRefusal) -> Schema.Field {
        if let field = Schema.field(name, of: type), state.isVisible(field, of: type) { return field }
        throw SalesforceRefusal(
            status: 400, code: "INVALID_FIELD",
            message: "No such column '\(name)' on entity '\(type)'. If you are attempting to use a custom field, be "
                + "sure to append the '__c' after the custom field name. Please reference your WSDL or the describe "
                + "call for the appropriate names.")
    }
}

private func precedes(_ left: JSON, _ right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): false
    case (.null, _): true
    case (.number(let left), .number(let right)): left < right
    default: (left.string ?? "") < (right.string ?? "")
    }
}
