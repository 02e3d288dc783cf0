import AWS
import Basics
import JSON
import Salesforce

/// What the suite remembers of each order, in one DynamoDB table: the only place where it is decided who may do what.
///
/// An order that is not finished, or whose end Salesforce has to be told, has `open` = "1" and `dueAt`, the time at which
/// somebody must look at it again; by these the index `due` finds it.
public struct Ledger {
    let table: Table
    let now: () -> Timestamp

    /// - Parameter now: ms since 1970.
    public init(_ table: Table, now: @escaping () -> Timestamp) {
        self.table = table
        self.now = now
    }

    public func order(_ id: RecordID) throws -> LedgerOrder? {
        try read(table.get(LedgerOrder.key(id)))
    }

    /// Reads an item that must be an order when it is there: what cannot be read must not be taken for "no order".
    func read(_ item: Table.Item?) throws -> LedgerOrder? {
        guard let item else { return nil }
        guard let order = LedgerOrder(item) else { throw Unreadable() }
        return order
    }

    /// An item of the table is not what this program writes.
    public struct Unreadable: Error, CustomStringConvertible {
        public let description = "the ledger holds an order that this version cannot read"
    }
}

/// Attributes to write; null takes the attribute away.
typealias Changes = [String: JSON]

/// A time as an attribute, ms since 1970; nil takes the attribute away.
func time(_ time: Timestamp?) -> JSON { .milliseconds(time) }

/// The update that makes these changes and puts `entry` at the end of the order's history.
func update(_ changes: Changes, history entry: JSON? = nil) -> Write.Expression {
    var assignments: [String] = []
    var removals: [String] = []
    var values: [String: JSON] = [:]
    for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
        if value == .null {
            removals.append("#\(name)")
        } else {
            assignments.append("#\(name) = :\(name)")
            values[name] = value
        }
    }
    if let entry {
        assignments.append("#history = list_append(if_not_exists(#history, :noHistory), :newHistory)")
        values["noHistory"] = []
        values["newHistory"] = [entry]
    }
    let set = assignments.isEmpty ? "" : "SET " + assignments.joined(separator: ", ")
    let remove = removals.isEmpty ? "" : " REMOVE " + removals.joined(separator: ", ")
    return Write.Expression(set + remove, values)
}

func historyEntry(_ status: LedgerOrder.Status, attempt: Int, at now: Timestamp, code: String? = nil) -> JSON {
    var entry: [String: JSON] = [
        "at": .milliseconds(now), "status": .string(status.rawValue), "attempt": .number(attempt),
    ]
    entry["code"] = code.map(JSON.string)
    return .object(entry)
}
