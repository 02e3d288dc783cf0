import AWS
import Basics
import JSON
import Salesforce

/// What the suite remembers of each order, in one DynamoDB table. Every decision about who may do what is a conditional
/// write to it.
///
/// An order that somebody must still work on is open and has a due time: the index `due` finds it.
struct Ledger {
    let table: Table
    let now: () -> Timestamp

    init(_ table: Table, now: @escaping () -> Timestamp) {
        self.table = table
        self.now = now
    }

    func order(_ id: RecordID) throws -> LedgerOrder? {
        try read(table.get(ItemKey.order(id)))
    }

    /// Nil when there is no item. An item that is not a valid order is an error: nobody may take it for "no order".
    func read(_ item: Table.Item?) throws -> LedgerOrder? {
        guard let item else { return nil }
        guard let order = LedgerOrder(item) else { throw Unreadable() }
        return order
    }

    struct Unreadable: Error, CustomStringConvertible {
        let description = "the ledger holds an order that this version cannot read"
    }

    /// Other writers changed the order between each read and the write that followed.
    struct Contended: Error, CustomStringConvertible {
        let description = "too many concurrent requests for the order"
    }
}

/// The history of an order with another entry. An operator may request an order any number of times, and an item has at
/// most 400 KB: the oldest entries go.
///
/// A write sends the whole list: DynamoDB cannot append to a list and shorten it in one update. The list is as it was read,
/// because it changes only with the status, on which every such write has its condition.
func history(
    of order: LedgerOrder?, with status: LedgerOrder.Status, requestNumber: Int, at time: Timestamp,
    errorCode: String? = nil
) -> JSON {
    var entry: [String: JSON] = [
        "at": .milliseconds(time), "status": .string(status.rawValue), "attempt": .number(requestNumber),
    ]
    entry["code"] = errorCode.map(JSON.string)
    return .array(((order?.history ?? []) + [.object(entry)]).suffix(100))
}
