import Basics

/// A side that answers nothing for up to a day, or does not answer one action.
struct Outage {
    var service: OutboundCall.Service
    /// Nil for all.
    var action: String?
    var start: Timestamp
    var end: Timestamp
    /// What provision-order sent in it.
    var calls = 0

    /// Enough for the runs that find the outage, and for a probe at each of the breaker's times, 2.5 min apart at least.
    func mostCalls(at now: Timestamp) -> Int { 300 + (now - start) / 150_000 * 30 }

    func covers(_ call: OutboundCall, at now: Timestamp) -> Bool {
        call.service == service && action ?? call.action == call.action && now < end
    }
}

extension World {
    /// Nil when the service is there.
    func outageFate(of call: OutboundCall, from process: ProcessInstance) -> Fate? {
        guard let index = outages.firstIndex(where: { $0.covers(call, at: now) }) else { return nil }
        let outage = outages[index]
        if process.program == "provision-order" {
            outages[index].calls += 1
            if let order = process.current?.order { faultyOrders.insert(order) }
            if plan.rates == .none || plan.burst != nil, outage.calls > outage.mostCalls(at: now) {
                invariants.violated(.busyOutage, "\(outage.calls) calls in \((now - outage.start) / 1000) s")
            }
        }
        let outcomes: [Fate.Outcome] = [.nonsense(status: 503), .silent, .notConnected]
        let isAtWork = outage.action != nil && generator.chance(0.3)
        return Fate(
            // There is a connection for all actions, or for none.
            outcome: outcomes[random(in: 0...(outage.action == nil ? 2 : 1))],
            actsAfter: isAtWork ? random(in: 1...services.latest(call)) : nil, answersAfter: random(in: 1...1_000),
            killsAfter: nil)
    }
}
