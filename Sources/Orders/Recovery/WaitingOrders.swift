import Basics
import HTTP

/// Due orders whose runs would only release them, because a side does not answer: they need neither an event nor a run.
struct WaitingOrders {
    private let breakers: Breakers
    private let http: HTTPClient

    init(_ breakers: Breakers, _ http: HTTPClient) {
        self.breakers = breakers
        self.http = http
    }

    /// Splits claimed orders into those to publish, and those that wait, with their due times.
    func split(_ orders: [LedgerOrder]) -> (publish: [LedgerOrder], wait: [(order: LedgerOrder, dueAt: Timestamp)]) {
        var split: (publish: [LedgerOrder], wait: [(order: LedgerOrder, dueAt: Timestamp)]) = ([], [])
        for order in orders {
            if let dueAt = dueAt(order) { split.wait.append((order, dueAt)) } else { split.publish.append(order) }
        }
        return split
    }

    /// Nil for an order whose run would do more.
    private func dueAt(_ order: LedgerOrder) -> Timestamp? {
        let now = http.now()
        guard let wait = breakers.wait(for: order, at: now) else { return nil }
        let isEndedByRun = order.isReport && !order.hasEnded
        let isReportedByRun = wait.side != .salesforce && order.status == .accepted
        if isEndedByRun || isReportedByRun { return nil }
        return breakers[wait.side].orderDueAt(after: wait.end, at: now, random: http.random)
    }
}
