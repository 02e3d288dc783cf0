import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// One pass over the open orders: claims those that no run works on, and publishes their events.
struct RecoveryRound {
    let ledger: Ledger
    let bus: EventBus
    let http: HTTPClient
    let alerts: Alerts
    let log: Log
    let metrics: Metrics
    /// The round claims nothing later, because the same invocation must publish what it claims.
    let latestStart: Timestamp

    /// How many orders are claimed and published at once; it bounds connections and memory, not a round.
    private static let batchSize = 50

    /// Recovers page after page of the index, while the invocation has time and the bus accepts events. The next round
    /// continues. The index has the longest due first, new orders and retried ones alike.
    ///
    /// An order that would only wait for a side is not published: the round moves its due time, as its run would.
    ///
    /// - Parameter mostDue: how many due orders the round publishes; nil for all open orders, due or not, since an operator
    ///   decides about these.
    /// - Returns: how many orders were published, and how many due orders are left; nil when none are.
    func recoverAll(mostDue: Int?) throws -> (recovered: Int, left: Int?) {
        let start = http.now()
        let dueBy = mostDue == nil ? nil : start
        var waiting = mostDue == nil ? nil : WaitingOrders(try Breakers(ledger), http)
        // A claim moves the order in the index: beyond the due orders, but not beyond all of them, where the scan meets
        // it again. There every claim gets this one time, by which the scan knows it.
        let claimedUntil = start + Ledger.recoveryDelay
        var (recovered, moved, isOver, oldest, lag) = (0, 0, false, 0, 0)
        var unpublished = Unpublished()
        var next: JSON?
        pages: repeat {
            let page = try ledger.openOrders(dueBy: dueBy, after: next)
            var due = page.orders.filter { $0.dueAt != claimedUntil }[...]
            lag = max(lag, start - (due.first?.dueAt ?? start))
            oldest = max(oldest, lag)
            while !due.isEmpty {
                let batch = due.prefix(min(Self.batchSize, mostDue.map { $0 - recovered } ?? Self.batchSize))
                isOver = batch.isEmpty || http.now() >= latestStart
                if isOver { break pages }
                due = due.dropFirst(batch.count)
                let claimed = ledger.claim(
                    Array(batch), until: mostDue == nil ? claimedUntil : http.now() + Ledger.recoveryDelay)
                // Claims and runs move the due time of an order that nobody finishes.
                oldest = claimed.map { http.now() - $0.waitingSince }.reduce(oldest, max)
                let (orders, moves) = waiting?.split(claimed) ?? (claimed, [])
                ledger.move(moves)
                moved += moves.count
                let published = publish(orders, &unpublished)
                recovered += published
                // An order whose event the bus refused is due again in 2 min.
                if mostDue != nil, published == orders.count { ledger.postpone(orders) }
                isOver = published == 0 && !orders.isEmpty
                if isOver { break pages }
            }
            next = page.next
        } while next != nil
        if moved > 0 { log.info("orders wait for an outage to end", ["orders": .number(moved)]) }
        alert(unpublished)
        metrics.add(.recoveredOrders, recovered)
        metrics.add(.oldestDueAge, oldest)
        if mostDue != nil { metrics.add(.recoveryLag, lag) }
        return (recovered, isOver ? left(dueBy, recovered) : nil)
    }

    private func left(_ dueBy: Timestamp?, _ recovered: Int) -> Int? {
        let count = try? ledger.openCount(dueBy: dueBy) - (dueBy == nil ? recovered : 0)
        log.warn("round ended before all due orders were published", ["left": .number(count)])
        return count
    }

    /// Recovers one order, due or not.
    ///
    /// - Returns: how many orders were published, 0 or 1.
    func recover(_ id: RecordID) throws -> Int {
        guard let order = try ledger.order(id) else {
            throw FunctionError("UnknownOrder", "the ledger has no such order")
        }
        guard let dueAt = order.dueAt else {
            log.info("nothing to recover", ["orderId": .string(id.text), "status": .string(order.status.rawValue)])
            return 0
        }
        var unpublished = Unpublished()
        let claimed = ledger.claim(
            [OpenOrder(key: ItemKey.order(id), dueAt: dueAt)], until: http.now() + Ledger.recoveryDelay)
        let published = publish(claimed, &unpublished)
        alert(unpublished)
        return published
    }

    /// Claimed orders whose events the bus did not accept. Their claims end, and they are due again.
    private struct Unpublished {
        var count = 0
        var failure: AWSFailure?
    }

    /// - Returns: how many events the bus accepted.
    private func publish(_ orders: [LedgerOrder], _ unpublished: inout Unpublished) -> Int {
        let events = orders.map { order in
            ProvisionRequested(
                orderID: order.id, requestNumber: order.requestNumber,
                correlationID: order.correlationID ?? "recovery", requestedAt: http.now())
        }
        // Without a trace: X-Ray links a trace to a hundred others at most, and a round may publish thousands of events.
        let (accepted, failure) = bus.put(events)
        unpublished.count += orders.count - accepted
        unpublished.failure = unpublished.failure ?? failure
        for order in orders {
            log.info("publishing again", ["orderId": .string(order.id.text), "attempts": .number(order.attempts)])
        }
        return accepted
    }

    /// One alert a round: nobody reads a thousand.
    private func alert(_ unpublished: Unpublished) {
        guard let failure = unpublished.failure else { return }
        log.error("due orders not published", ["error": .string("\(failure)")])
        alerts.raise(.notPublished(unpublished.count))
    }
}
