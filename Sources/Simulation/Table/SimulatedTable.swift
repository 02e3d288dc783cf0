import Basics
import JSON

/// The ledger's table as DynamoDB keeps it: it answers the requests that the ledger sends, and refuses all others with
/// the code `SimulationUnsupported`.
package struct SimulatedTable {
    static let indexName = "due"
    private static let getMembers: Set = ["TableName", "Key", "ConsistentRead"]

    package let name: String
    /// The keys that the last request wrote, in the order of its writes.
    package private(set) var lastWrites: [String] = []
    private var stored: [String: StoredItem] = [:]
    private var expiry = KeysByTime()
    /// The open orders as the table has them, which the index follows.
    private var due = KeysByTime()
    var index = DueIndex()
    var expressions = ExpressionCache()
    private var tokens = TransactionTokens()
    /// How many items a page of a query holds when the request sets no limit.
    let pageItems: Int

    /// - Parameter pageItems: DynamoDB's pages end at 1 MB, which are about 20,000 keys of orders.
    package init(name: String, pageItems: Int = 20_000) {
        self.name = name
        self.pageItems = pageItems
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - action: as in `X-Amz-Target`, without what stands before the point.
    ///   - now: never earlier than in the call before.
    ///   - indexLag: how long the index does not show what this request writes.
    package mutating func answer(
        _ action: String, _ body: JSON, now: Timestamp, indexLag: Milliseconds
    ) -> (status: Int, body: JSON) {
        lastWrites.removeAll(keepingCapacity: true)
        do throws(TableRefusal) {
            return (200, try perform(action, body, now: now, lag: indexLag))
        } catch {
            return (400, error.body)
        }
    }

    private mutating func perform(
        _ action: String, _ body: JSON, now: Timestamp, lag: Milliseconds
    ) throws(TableRefusal) -> JSON {
        switch action {
        case "GetItem": return try get(body)
        case "PutItem": return try put(body, now: now, lag: lag)
        case "UpdateItem": return try update(body, now: now, lag: lag)
        case "TransactWriteItems": return try transact(body, now: now, lag: lag)
        case "Query": return try query(body, now: now)
        default: throw .unsupported("the action \(action)")
        }
    }

    private func get(_ body: JSON) throws(TableRefusal) -> JSON {
        let request = try TableRequest(body, "GetItem", known: SimulatedTable.getMembers)
        try request.requireTable(name)
        try request.require("ConsistentRead", true)
        guard let item = stored[try request.key] else { return [:] }
        return ["Item": item.json]
    }

    private mutating func put(_ body: JSON, now: Timestamp, lag: Milliseconds) throws(TableRefusal) -> JSON {
        let request = try TableRequest(body, "PutItem", known: TableWrite.putMembers)
        try make(TableWrite(put: request, table: name, &expressions), now: now, lag: lag)
        return [:]
    }

    private mutating func update(_ body: JSON, now: Timestamp, lag: Milliseconds) throws(TableRefusal) -> JSON {
        let request = try TableRequest(body, "UpdateItem", known: TableWrite.updateItemMembers)
        try request.require("ReturnValues", "ALL_NEW")
        let write = try TableWrite(update: request, table: name, &expressions)
        try make(write, now: now, lag: lag)
        return ["Attributes": stored[write.key]?.json ?? [:]]
    }

    private mutating func make(_ write: TableWrite, now: Timestamp, lag: Milliseconds) throws(TableRefusal) {
        switch try write.outcome(stored[write.key]) {
        case .holds(let effect): apply(effect, to: write.key, now: now, lag: lag)
        case .conditionFailed(let item):
            throw .refused(
                "ConditionalCheckFailedException", TableRefusal.conditionFailed, item.map { ["Item": $0.json] } ?? [:])
        }
    }

    private mutating func transact(_ body: JSON, now: Timestamp, lag: Milliseconds) throws(TableRefusal) -> JSON {
        let transaction = try TableTransaction(body, table: name, &expressions)
        if let first = tokens.body(of: transaction.token, now: now) {
            guard first == body else {
                throw .refused(
                    "IdempotentParameterMismatchException", "The request with this token had other parameters")
            }
            return [:]
        }
        let effects = try transaction.effects { stored[$0] }
        for (write, effect) in zip(transaction.writes, effects) { apply(effect, to: write.key, now: now, lag: lag) }
        tokens.remember(transaction.token, body, now: now)
        return [:]
    }

    private mutating func apply(_ effect: TableWrite.Effect, to key: String, now: Timestamp, lag: Milliseconds) {
        let before = TableMarks(stored[key])
        switch effect {
        case .put(let item): stored[key] = item
        case .update(let changes):
            stored[key, default: StoredItem(key: key)].apply(changes)
        }
        move(key, from: before, now: now, lag: lag)
        lastWrites.append(key)
    }

    /// The index and the order of expiry follow the item, which has changed.
    private mutating func move(_ key: String, from before: TableMarks, now: Timestamp, lag: Milliseconds) {
        let after = TableMarks(stored[key])
        if before.dueAt != after.dueAt {
            index.record(key, dueAt: after.dueAt, now: now, lag: lag)
            if let time = before.dueAt { due.remove(.init(time: time, key: key)) }
            if let time = after.dueAt { due.insert(.init(time: time, key: key)) }
        }
        guard before.expiresAt != after.expiresAt else { return }
        if let time = before.expiresAt { expiry.remove(.init(time: time, key: key)) }
        if let time = after.expiresAt { expiry.insert(.init(time: time, key: key)) }
    }
}

extension StoredItem {
    fileprivate mutating func apply(_ changes: [(name: String, value: AttributeValue?)]) {
        for (name, value) in changes { self[name] = value }
    }
}

// MARK: What is in the table

extension SimulatedTable {
    package var count: Int { stored.count }

    /// When the first open order is due; nil when none is open.
    package var firstDueAt: Timestamp? { due.first.map { Timestamp(milliseconds: $0.time) } }

    /// The keys of all items, in their order.
    package var keys: [String] { stored.keys.sorted() }

    /// The item with its values as plain JSON.
    package func item(_ key: String) -> [String: JSON]? { stored[key]?.plain }

    /// All items, in the order of their keys.
    package var items: [(key: String, item: [String: JSON])] {
        stored.sorted { $0.key < $1.key }.map { ($0.key, $0.value.plain) }
    }
}

// MARK: Expiry

extension SimulatedTable {
    /// The keys of the items that DynamoDB may delete, the longest expired first. It deletes them late.
    package func expiredKeys(now: Timestamp, limit: Int = .max) -> [String] {
        expiry.entries(after: nil, through: now.seconds - 1, limit: limit).map(\.key)
    }

    /// Deletes the item when it has expired.
    ///
    /// - Returns: whether it had.
    @discardableResult
    package mutating func expire(_ key: String, now: Timestamp, indexLag: Milliseconds = 0) -> Bool {
        let before = TableMarks(stored[key])
        guard let expiresAt = before.expiresAt, expiresAt < now.seconds else { return false }
        stored[key] = nil
        move(key, from: before, now: now, lag: indexLag)
        return true
    }

    /// Deletes all items that have expired.
    ///
    /// - Returns: how many there were.
    @discardableResult
    package mutating func expire(now: Timestamp, indexLag: Milliseconds = 0) -> Int {
        let keys = expiredKeys(now: now)
        for key in keys { expire(key, now: now, indexLag: indexLag) }
        return keys.count
    }
}
