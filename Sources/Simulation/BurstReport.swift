import Basics
import Orders

/// What a burst did, and which of its promises it broke.
package struct BurstReport: Sendable {
    package var orders: Int
    package var provisioned: Int
    package var hash: UInt64
    package var calls: Int
    package var kills: Int
    package var faults: [String: Int]
    package var mostRuns: Int
    package var mostCallsAtWHMCS: Int
    /// Program → events that the order bus has taken from it.
    package var events: [String: Int]
    /// The median of undisturbed runs.
    package var runTime: Milliseconds
    /// From the first request until the last order was Provisioned.
    package var time: Milliseconds
    package var outage: Milliseconds
    /// What provision-order sent to WHMCS in the outage.
    package var outageCalls: Int
    /// Orders that were Provisioned in an hour, before the outage and after it.
    package var ratesPerHour: (before: Int, after: Int)
    /// The longest time from a request until its order was Provisioned.
    package var longestWait: Milliseconds
    package var violations: [Invariants.Violation]

    init(_ world: World, _ orders: [String]) {
        let items = orders.compactMap { world.invariants.ledger($0) }
        let ended = items.filter { $0.status == .provisioned }
        let ends = ended.compactMap(\.endedAt)
        let (start, end) = (EpisodePlan.start, ends.max() ?? EpisodePlan.start)
        self.orders = orders.count
        provisioned = ended.count
        hash = world.trace.hash
        calls = world.calls
        kills = world.kills
        faults = world.faults
        mostRuns = world.meter.mostRuns
        mostCallsAtWHMCS = world.meter.mostCallsAtWHMCS
        events = world.meter.events
        runTime = world.meter.runTimes.sorted().dropFirst(world.meter.runTimes.count / 2).first ?? 0
        time = end - start
        let outage = world.outages[.whmcs]
        self.outage = outage.map { $0.end - $0.start } ?? 0
        outageCalls = outage?.calls ?? 0
        longestWait = ended.compactMap { order in order.endedAt.map { $0 - order.requestedAt } }.max() ?? 0
        violations = world.invariants.violations
        let (down, up) = (outage?.start ?? end, outage?.end ?? end)
        ratesPerHour = (
            perHour(ends.count { $0 <= down }, down - start), perHour(ends.count { $0 > up }, end - up)
        )
    }

    package var eventsPerOrder: Double { Double(events.values.reduce(0, +)) / Double(orders) }

    /// What the promise allows: runs one after another on all of the queue's consumers, and the outage.
    package var timeLimit: Milliseconds { orders * runTime * 13 / 10 / SimulatedQueue.maximumConcurrency + outage }
}

private func perHour(_ count: Int, _ time: Milliseconds) -> Int { time > 0 ? count * 3_600_000 / time : 0 }
