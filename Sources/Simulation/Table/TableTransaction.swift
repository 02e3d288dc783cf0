import JSON

/// Several writes, all made or none ("TransactWriteItems").
struct TableTransaction {
    private static let members: Set = ["TransactItems", "ClientRequestToken"]

    let token: String
    let writes: [TableWrite]

    init(_ body: JSON, table: String, _ cache: inout ExpressionCache) throws(TableRefusal) {
        let request = try TableRequest(body, "TransactWriteItems", known: TableTransaction.members)
        token = try request.text("ClientRequestToken")
        guard (1...36).contains(token.utf8.count) else {
            throw .invalid("Member clientRequestToken must have a length of 1 to 36")
        }
        var writes: [TableWrite] = []
        for element in try request.array("TransactItems") {
            let write = try TableTransaction.write(element, table: table, &cache)
            guard !writes.contains(where: { $0.key == write.key }) else {
                throw .invalid("Transaction request cannot include multiple operations on one item")
            }
            writes.append(write)
        }
        self.writes = writes
    }

    private static func write(
        _ element: JSON, table: String, _ cache: inout ExpressionCache
    ) throws(TableRefusal) -> TableWrite {
        if let body = element["Put"], element.object?.count == 1 {
            let request = try TableRequest(body, "Put", known: TableWrite.putMembers)
            return try TableWrite(put: request, table: table, &cache)
        }
        if let body = element["Update"], element.object?.count == 1 {
            let request = try TableRequest(body, "Update", known: TableWrite.updateMembers)
            return try TableWrite(update: request, table: table, &cache)
        }
        let name = element.object?.keys.sorted().joined(separator: ", ") ?? "no object"
        throw .unsupported("\(name) as an operation of a transaction")
    }

    /// What the writes do. When one of them must not be made, the refusal says for each in turn why not.
    ///
    /// - Parameter item: the item of a key as it stands.
    func effects(_ item: (String) -> StoredItem?) throws(TableRefusal) -> [TableWrite.Effect] {
        var effects: [TableWrite.Effect] = []
        var reasons: [JSON] = []
        for write in writes {
            do throws(TableRefusal) {
                switch try write.outcome(item(write.key)) {
                case .holds(let effect):
                    effects.append(effect)
                    reasons.append(["Code": "None"])
                case .conditionFailed(let item):
                    var reason: [String: JSON] = [
                        "Code": "ConditionalCheckFailed", "Message": .string(TableRefusal.conditionFailed),
                    ]
                    reason["Item"] = item?.json
                    reasons.append(.object(reason))
                }
            } catch {
                guard error.isInvalid else { throw error }
                reasons.append(["Code": "ValidationError", "Message": .string(error.message)])
            }
        }
        guard effects.count == writes.count else { throw cancelled(reasons) }
        return effects
    }

    private func cancelled(_ reasons: [JSON]) -> TableRefusal {
        let codes = reasons.compactMap { $0["Code"]?.string }.joined(separator: ", ")
        return .refused(
            "TransactionCanceledException",
            "Transaction cancelled, please refer cancellation reasons for specific reasons [\(codes)]",
            ["CancellationReasons": .array(reasons)])
    }
}
