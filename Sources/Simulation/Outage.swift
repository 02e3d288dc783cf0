import Basics

/// A side that answers nothing for up to a day.
struct Outage {
    var start: Timestamp
    var end: Timestamp
    /// What provision-order sent in it.
    var calls = 0

    /// Enough for the runs that find the outage, and for a probe at each of the breaker's times, 2.5 min apart at least.
    func mostCalls(at now: Timestamp) -> Int { 300 + (now - start) / 150_000 * 30 }
}

extension World {
    /// Nil when the service is there.
    func outageFate(of call: OutboundCall, from process: ProcessInstance) -> Fate? {
        guard let outage = outages[call.service], now < outage.end else { return nil }
        if process.program == "provision-order" {
            outages[call.service]?.calls += 1
            if let order = process.current?.order { faultyOrders.insert(order) }
            if plan.rates == .none || plan.burst != nil, outage.calls > outage.mostCalls(at: now) {
                invariants.violated(.busyOutage, "\(outage.calls) calls in \((now - outage.start) / 1000) s")
            }
        }
        let outcomes: [Fate.Outcome] = [.notConnected, .nonsense(status: 503), .silent]
        return Fate(
            outcome: outcomes[random(in: 0...2)], actsAfter: nil, answersAfter: random(in: 1...1_000), killsAfter: nil)
    }
}
