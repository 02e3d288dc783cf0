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
        let outage = world.outages.first
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

    /// An open breaker is probed every five minutes, by an order that recover-orders publishes. A hundred events more do
    /// not depend on the number of orders: of the first probes, and of a round that a wrong length of the queue misleads.
    package var eventLimit: Double { 1.5 + Double(outage / 300_000 + 100) / Double(orders) }

    /// The outage, and 1.3 times what the runs take on all of the queue's consumers.
    package var timeOfRuns: Milliseconds { orders * runTime * 13 / 10 / SimulatedQueue.maximumConcurrency + outage }

    /// The orders that waited for the end of the outage go on after the breaker's time and their own wait, too: see
    /// `Orders/README.md`, "Outages".
    package var timeLimit: Milliseconds { timeOfRuns + 300_000 + min(max(outage / 4, 60_000), 1_800_000) }

    /// What was promised, and not kept.
    package var broken: [String] {
        var broken = violations.map(\.description)
        if provisioned < orders { broken.append("\(orders - provisioned) orders are not Provisioned") }
        if eventsPerOrder > eventLimit { broken.append("\(eventsPerOrder) events were sent for each order") }
        if time > timeLimit { broken.append("the orders took \(time - timeLimit) ms too long") }
        return broken
    }
}

private func perHour(_ count: Int, _ time: Milliseconds) -> Int { time > 0 ? count * 3_600_000 / time : 0 }
