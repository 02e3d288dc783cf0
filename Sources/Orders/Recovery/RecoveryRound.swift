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
    /// The round claims nothing later, because the same invocation must publish what it claims.
    let latestStart: Timestamp
    /// How many due orders the round publishes: no more than the queue's consumers finish until the next round. The index
    /// has the longest due first, new orders and retried ones alike.
    let mostDue: Int

    /// How many orders are claimed and published at once; it bounds connections and memory, not a round.
    private static let batchSize = 50

    /// Recovers page after page of the index, while the invocation has time and the bus accepts events. The next round
    /// continues. Only due orders are limited by `mostDue`: an operator decides about all.
    ///
    /// - Returns: how many orders were published, and how many due orders are left; nil when none are.
    func recoverAll(dueOnly: Bool) throws -> (recovered: Int, left: Int?) {
        let start = http.now()
        let dueBy = dueOnly ? start : nil
        // A claim moves the order in the index: beyond the due orders, but not beyond all of them, where the scan meets
        // it again. There every claim gets this one time, by which the scan knows it.
        let claimedUntil = start + Ledger.recoveryDelay
        var (recovered, isOver, oldest) = (0, false, 0)
        var unpublished = Unpublished()
        var next: JSON?
        pages: repeat {
            let page = try ledger.openOrders(dueBy: dueBy, after: next)
            let due = page.orders.filter { $0.dueAt != claimedUntil }
            oldest = max(oldest, start - (due.first?.dueAt ?? start))
            for batch in due.chunks(of: Self.batchSize) {
                let some = dueOnly ? Array(batch.prefix(mostDue - recovered)) : batch
                isOver = some.isEmpty || http.now() >= latestStart
                if isOver { break pages }
                let claimed = ledger.claim(
                    some, until: dueOnly ? http.now() + Ledger.recoveryDelay : claimedUntil)
                let published = publish(claimed, &unpublished)
                recovered += published
                // An order whose event the bus refused is due again in 2 min.
                if dueOnly, published == claimed.count { ledger.postpone(claimed) }
                // Claims and runs move the due time of an order that nobody finishes.
                oldest = claimed.map { http.now() - $0.waitingSince }.reduce(oldest, max)
                isOver = published == 0 && !claimed.isEmpty || some.count < batch.count
                if isOver { break pages }
            }
            next = page.next
        } while next != nil
        alert(unpublished)
        log.metrics(
            [
                Metric("RecoveredOrders", "Count", Double(recovered)),
                Metric("OldestDueAge", "Milliseconds", Double(oldest)),
            ], namespace: "Orders", now: http.now())
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
        alerts.raise("Failed to publish \(unpublished.count) due orders; next retry in 2 minutes: \(failure)")
    }
}
