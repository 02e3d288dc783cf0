import AWS
import Basics
import JSON
import Salesforce

/// An order that is not finished, as the index `due` knows it.
struct OpenOrder: Equatable {
    var key: String
    /// ms since 1970
    var dueAt: Timestamp
}

extension Ledger {
    /// How long a run that was announced may take to begin before it is announced again, in ms.
    static let recoveryPatience: Milliseconds = 120_000

    /// A page of the orders that are not finished, those due first: keys and times only.
    ///
    /// - Parameters:
    ///   - dueBy: ms since 1970; nil for all.
    ///   - next: what the page before gave; nil for the first.
    func openOrders(dueBy: Timestamp?, after next: JSON?) throws -> (orders: [OpenOrder], next: JSON?) {
        let page = try table.query(index: "due", open(dueBy), limit: 250, after: next)
        let orders = page.items.compactMap { item -> OpenOrder? in
            guard let key = item["pk"]?.stringOrNumber, let dueAt = item["dueAt"]?.timestamp else { return nil }
            return OpenOrder(key: key, dueAt: dueAt)
        }
        return (orders, page.next)
    }

    /// How many orders are not finished; `dueBy` as above.
    func openCount(dueBy: Timestamp?) throws -> Int {
        try table.count(index: "due", open(dueBy))
    }

    private func open(_ dueBy: Timestamp?) -> Write.Expression {
        var condition = Write.Expression("#open = :open", ["open": "1"])
        if let dueBy {
            condition.text += " AND #dueAt <= :now"
            condition.values["now"] = .milliseconds(dueBy)
        }
        return condition
    }

    /// Moves the orders' due times on. Of two recoveries at once only one gets an order, and an order that somebody has
    /// taken up or finished meanwhile is nobody's here.
    ///
    /// - Parameter dueAt: when they are due again, ms since 1970.
    /// - Returns: the orders that are this recovery's.
    func claim(_ orders: [OpenOrder], until dueAt: Timestamp) -> [LedgerOrder] {
        let claims = orders.map { order in
            Write.update(
                order.key, update(["dueAt": time(dueAt)]),
                if: Write.Expression(
                    "#open = :open AND #dueAt = :before", ["open": "1", "before": .milliseconds(order.dueAt)]))
        }
        return table.updateAll(claims).compactMap { item in item.flatMap(LedgerOrder.init) }
    }

    /// Enters an order that was requested in Salesforce and never came here. It is due at once.
    ///
    /// - Returns: whether it was new.
    func enter(_ id: RecordID, correlationID: String) throws -> Bool {
        var expression = acceptedUpdate(after: nil, correlationID: correlationID)
        expression.values["dueAt"] = .milliseconds(now())
        let new = Write.update(LedgerOrder.key(id), expression, if: .init("attribute_not_exists(#pk)"))
        guard case .written = try table.write(new) else { return false }
        return true
    }
}
