import AWS
import HTTP
import Lambda
import Salesforce

/// One look at the ledger for orders that nobody is working on.
struct RecoveryRound {
    let ledger: Ledger
    let bus: EventBus
    let http: HTTP.Client
    let alerts: Alerts
    let log: Log

    /// How many orders are claimed and sent at once; a connection's and a memory's worth, not a limit.
    private static let batch = 50

    /// Sends what is due, as long as the invocation has time; what is left is due in the next round.
    ///
    /// - Returns: the number of orders sent again.
    func recoverAll(dueOnly: Bool) throws -> Int {
        // Read to the end before anything is claimed: a claimed order moves on in the index, and would come up again.
        let due = try ledger.openOrders(dueBy: dueOnly ? http.now() : nil)
        var oldest = due.first.map { max(0, http.now() - $0.dueAt) } ?? 0
        var recovered = 0
        for start in stride(from: 0, to: due.count, by: Self.batch) where http.now() < (http.deadline ?? .max) {
            let claimed = ledger.claim(Array(due[start..<min(start + Self.batch, due.count)]))
            recovered += send(claimed)
            // Being announced makes nobody begin: an order that is still only Accepted has been due all the while.
            oldest = claimed.filter { $0.status == .accepted }.map { http.now() - $0.updatedAt }.reduce(oldest, max)
        }
        log.metrics(
            [
                Metric("RecoveredOrders", "Count", Double(recovered)),
                Metric("OldestDueAge", "Milliseconds", Double(oldest)),
            ], namespace: "Orders", now: http.now())
        return recovered
    }

    /// Sends one order, due or not.
    func recover(_ id: RecordID) throws -> Int {
        guard let order = try ledger.order(id) else {
            throw FunctionError("UnknownOrder", "the ledger has no such order")
        }
        guard let dueAt = order.dueAt else {
            log.info("nothing to recover", ["orderId": .string(id.text), "status": .string(order.status.rawValue)])
            return 0
        }
        return send(ledger.claim([OpenOrder(key: LedgerOrder.key(id), dueAt: dueAt)]))
    }

    /// Ten events a call. Orders whose events were not taken are due again, as all that are claimed are.
    private func send(_ orders: [LedgerOrder]) -> Int {
        let events = orders.map { order in
            ProvisionRequested(
                orderID: order.id, attempt: order.attempt, correlationID: order.correlationID ?? "recovery",
                requestedAt: http.now())
        }
        var sent = 0
        for start in stride(from: 0, to: events.count, by: 10) {
            let some = Array(events[start..<min(start + 10, events.count)])
            do {
                try bus.put(some)
                sent += some.count
            } catch {
                alerts.raise("\(some.count) due orders could not be announced, and are again in two minutes: \(error)")
            }
        }
        for order in orders {
            log.info(
                "recovered", ["orderId": .string(order.id.text), "tries": .number(Double(order.tries))])
        }
        return sent
    }
}
