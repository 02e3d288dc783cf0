import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// One look at the ledger for orders that nobody is working on.
struct RecoveryRound {
    let ledger: Ledger
    let bus: EventBus
    let http: HTTPClient
    let alerts: Alerts
    let log: Log
    /// ms since 1970; nothing is claimed later, since what is claimed has to be announced by the same invocation.
    let latestStart: Timestamp

    /// How many orders are claimed and sent at once; a connection's and a memory's worth, not a limit.
    private static let batch = 50

    /// Sends what is due, a page of the index after the other, as long as the invocation has time and the bus takes
    /// events; what is left is due in the next round.
    ///
    /// - Returns: the number of orders sent again, and of those that are left; nil when all were come to.
    func recoverAll(dueOnly: Bool) throws -> (recovered: Int, left: Int?) {
        let start = http.now()
        let dueBy = dueOnly ? start : nil
        // Who is claimed moves on in the index: out of what is due, but not out of all, where it comes up again. There
        // all that are claimed get one time, by which they are known.
        let marked = start + Ledger.recoveryPatience
        var (recovered, isOver, oldest) = (0, false, 0)
        var unsent = Unsent()
        var next: JSON?
        pages: repeat {
            let page = try ledger.openOrders(dueBy: dueBy, after: next)
            let due = page.orders.filter { $0.dueAt != marked }
            oldest = max(oldest, start - (due.first?.dueAt ?? start))
            for some in due.chunks(of: Self.batch) {
                isOver = http.now() >= latestStart
                if isOver { break pages }
                let claimed = ledger.claim(some, until: dueOnly ? http.now() + Ledger.recoveryPatience : marked)
                let sent = send(claimed, &unsent)
                recovered += sent
                // Being announced makes nobody begin: an order that is still only Accepted has been due all the while.
                oldest = claimed.filter { $0.status == .accepted }.map { http.now() - $0.updatedAt }.reduce(oldest, max)
                isOver = sent == 0 && !claimed.isEmpty
                if isOver { break pages }
            }
            next = page.next
        } while next != nil
        tell(unsent)
        log.metrics(
            [
                Metric("RecoveredOrders", "Count", Double(recovered)),
                Metric("OldestDueAge", "Milliseconds", Double(oldest)),
            ], namespace: "Orders", now: http.now())
        return (recovered, isOver ? left(dueBy, recovered) : nil)
    }

    private func left(_ dueBy: Timestamp?, _ recovered: Int) -> Int? {
        let count = try? ledger.openCount(dueBy: dueBy) - (dueBy == nil ? recovered : 0)
        log.warn(
            "not all that is due could be announced; the next round goes on",
            ["left": .number(count)])
        return count
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
        var unsent = Unsent()
        let claimed = ledger.claim(
            [OpenOrder(key: LedgerOrder.key(id), dueAt: dueAt)], until: http.now() + Ledger.recoveryPatience)
        let sent = send(claimed, &unsent)
        tell(unsent)
        return sent
    }

    /// The orders that were claimed and whose events were not taken. They are due again, as all that are claimed are.
    private struct Unsent {
        var count = 0
        var failure: AWSFailure?
    }

    /// Returns how many were sent.
    private func send(_ orders: [LedgerOrder], _ unsent: inout Unsent) -> Int {
        let events = orders.map { order in
            ProvisionRequested(
                orderID: order.id, attempt: order.attempt, correlationID: order.correlationID ?? "recovery",
                requestedAt: http.now())
        }
        let (sent, failure) = bus.put(events)
        unsent.count += orders.count - sent
        unsent.failure = unsent.failure ?? failure
        for order in orders {
            log.info(
                "recovered", ["orderId": .string(order.id.text), "tries": .number(order.tries)])
        }
        return sent
    }

    /// Once a round: who is called a thousand times does not listen.
    private func tell(_ unsent: Unsent) {
        guard let failure = unsent.failure else { return }
        alerts.raise("\(unsent.count) due orders could not be announced, and are again in two minutes: \(failure)")
    }
}
