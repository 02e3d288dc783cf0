import Basics
import HTTP

/// Due orders whose runs would only release them, because a side does not answer: they need neither an event nor a run.
struct WaitingOrders {
    private let breakers: Breakers
    private let http: HTTPClient
    /// Sides that an order of this round probes: more would only wait for it.
    private var probed: Set<Side> = []

    init(_ breakers: Breakers, _ http: HTTPClient) {
        self.breakers = breakers
        self.http = http
    }

    /// Splits claimed orders into those to publish, and those that wait, with their due times.
    mutating func split(_ orders: [LedgerOrder]) -> (
        publish: [LedgerOrder], wait: [(order: LedgerOrder, dueAt: Timestamp)]
    ) {
        var split: (publish: [LedgerOrder], wait: [(order: LedgerOrder, dueAt: Timestamp)]) = ([], [])
        for order in orders {
            if let dueAt = dueAt(order) { split.wait.append((order, dueAt)) } else { split.publish.append(order) }
        }
        return split
    }

    /// Nil for an order whose run would do more.
    private mutating func dueAt(_ order: LedgerOrder) -> Timestamp? {
        let now = http.now()
        guard let wait = breakers.wait(for: order, at: now) ?? waitForProbe(order, now) else { return nil }
        let isEndedByRun = order.isReport && !order.hasEnded
        let isReportedByRun = wait.side != .salesforce && order.status == .accepted
        if isEndedByRun || isReportedByRun { return nil }
        return breakers[wait.side].orderDueAt(after: wait.end, at: now, random: http.random)
    }

    /// Nil for the order that probes, or when there is nothing to probe.
    private mutating func waitForProbe(_ order: LedgerOrder, _ now: Timestamp) -> (side: Side, end: Timestamp)? {
        let sides = order.sides.filter { breakers[$0].permission(at: now) == .probe }
        if let side = sides.first(where: probed.contains) { return (side, now) }
        probed.formUnion(sides)
        return nil
    }
}
