import AWS
import Basics
import JSON
import Salesforce

/// An open order as the index has it.
struct OpenOrder: Equatable {
    var key: String
    var dueAt: Timestamp

    init(key: String, dueAt: Timestamp) {
        self.key = key
        self.dueAt = dueAt
    }

    fileprivate init?(_ item: Table.Item) {
        guard let key = item[.key]?.string, let dueAt = item[.dueAt]?.timestamp else { return nil }
        self.init(key: key, dueAt: dueAt)
    }
}

extension Ledger {
    /// How long after a publication recovery publishes an order again; an order that has waited for long, later.
    static let recoveryDelay: Milliseconds = 120_000
    private static let longestRecoveryDelay: Milliseconds = 1_800_000

    /// A page of the open orders, the longest due first.
    ///
    /// - Parameters:
    ///   - dueBy: nil for all.
    ///   - next: what the page before gave; nil for the first.
    func openOrders(dueBy: Timestamp?, after next: JSON?) throws -> (orders: [OpenOrder], next: JSON?) {
        let page = try table.query(index: Index.due, isOpen(dueBy).expression, limit: 250, after: next)
        return (page.items.compactMap(OpenOrder.init), page.next)
    }

    /// How many orders are open; `dueBy` as above.
    func openCount(dueBy: Timestamp?) throws -> Int {
        try table.count(index: Index.due, isOpen(dueBy).expression)
    }

    private func isOpen(_ dueBy: Timestamp?) -> Condition {
        let isOpen = Condition.equal(.open, "1")
        return dueBy.map { isOpen && .compare(.dueAt, "<=", .milliseconds($0)) } ?? isOpen
    }

    /// Moves the orders' due times. Each order goes to one of several concurrent recoveries, and to none when a run has
    /// taken or ended it.
    ///
    /// - Parameter dueAt: when they are due again.
    /// - Returns: the claimed orders.
    func claim(_ orders: [OpenOrder], until dueAt: Timestamp) -> [LedgerOrder] {
        let claims = orders.map { order in
            Write.update(
                order.key, [.dueAt: .milliseconds(dueAt)],
                if: .equal(.open, "1") && .equal(.dueAt, .milliseconds(order.dueAt)))
        }
        return table.updateAll(claims).compactMap { item in item.flatMap(LedgerOrder.init) }
    }

    /// Moves the due times of claimed orders that have waited for long: the more orders wait in the queue, the less often
    /// each is published.
    ///
    /// A second write, because the index does not hold an order's age.
    func postpone(_ claimed: [LedgerOrder]) {
        let now = now()
        move(
            claimed.compactMap { order in
                let delay = min((now - order.waitingSince) / 4, Ledger.longestRecoveryDelay)
                return delay > Ledger.recoveryDelay ? (order, now + delay) : nil
            })
    }

    /// Moves the due times of claimed orders. An order that a run has taken since keeps the run's due time; where the write
    /// fails, the claim's time stays.
    func move(_ claimed: [(order: LedgerOrder, dueAt: Timestamp)]) {
        let writes = claimed.compactMap { order, dueAt in
            order.dueAt.map { claimedUntil in
                Write.update(
                    ItemKey.order(order.id), [.dueAt: .milliseconds(dueAt)],
                    if: .equal(.open, "1") && .equal(.dueAt, .milliseconds(claimedUntil)))
            }
        }
        if !writes.isEmpty { _ = table.updateAll(writes) }
    }
}
