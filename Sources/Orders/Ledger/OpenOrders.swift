import AWS
import HTTP
import Salesforce

/// An order that is not finished, as the index `due` knows it.
struct OpenOrder: Equatable {
    var key: String
    /// ms since 1970
    var dueAt: Int64
}

extension Ledger {
    /// How long a run that was announced may take to begin before it is announced again, in ms.
    private static let recoveryPatience: Int64 = 120_000

    /// The orders that are not finished, those due first; `dueBy` in ms since 1970, nil for all. Keys and times only:
    /// ten thousand of them are a megabyte.
    func openOrders(dueBy: Int64?) throws -> [OpenOrder] {
        var condition = Write.Expression("#open = :open", ["open": "1"])
        if let dueBy {
            condition.text += " AND #dueAt <= :now"
            condition.values["now"] = .number(Double(dueBy))
        }
        var orders: [OpenOrder] = []
        var next: JSON?
        repeat {
            let page = try table.query(index: "due", condition, limit: 1000, after: next)
            orders += page.items.compactMap { item in
                guard let key = item["pk"]?.text, let dueAt = item["dueAt"]?.integer else { return nil }
                return OpenOrder(key: key, dueAt: dueAt)
            }
            next = page.next
        } while next != nil
        return orders
    }

    /// Moves the orders' due times on. Of two recoveries at once only one gets an order, and an order that somebody has
    /// taken up or finished meanwhile is nobody's here.
    ///
    /// - Returns: the orders that are this recovery's.
    func claim(_ orders: [OpenOrder]) -> [LedgerOrder] {
        let dueAt = JSON.number(Double(now() + Ledger.recoveryPatience))
        let claims = orders.map { order in
            Write.update(
                order.key, update(["dueAt": dueAt]),
                if: Write.Expression(
                    "#open = :open AND #dueAt = :before", ["open": "1", "before": .number(Double(order.dueAt))]))
        }
        return table.updateAll(claims).compactMap { item in item.flatMap(LedgerOrder.init) }
    }

    /// Enters an order that was requested in Salesforce and never came here. It is due at once.
    ///
    /// - Returns: whether it was new.
    func enter(_ id: RecordID, correlationID: String) throws -> Bool {
        var expression = acceptedUpdate(after: nil, correlationID: correlationID)
        expression.values["dueAt"] = .number(Double(now()))
        let new = Write.update(LedgerOrder.key(id), expression, if: .init("attribute_not_exists(#pk)"))
        guard case .written = try table.write(new) else { return false }
        return true
    }
}
