import Foundation
import JSON
import Testbed

/// What a burst measured.
struct BurstFigures {
    let concurrency: Int
    let orders: Int
    /// Counted by the function.
    let mostRuns: Int
    /// Counted by WHMCS.
    let mostRequestsAtWHMCS: Int
    /// Program → events that the order bus has taken from it.
    let events: [String: Int]
    /// Of the runs that met no fault and provisioned an order from its start to its end: with the time of moto, which has
    /// one processor for all.
    let runTime: (median: TimeInterval, mean: TimeInterval)
    /// From the first request until the last order was Provisioned.
    let time: TimeInterval
    /// From the beginning of the outage until an order was Provisioned after it.
    let outage: TimeInterval
    let kills: Int
    /// WHMCS calls that the outage answered.
    let outageCalls: Int

    init(_ burst: BurstRun) throws {
        let testbed = burst.harness.testbed
        concurrency = try burst.harness.orderQueue.maximumConcurrency ?? 0
        orders = burst.orders.count
        mostRuns = try testbed.function("provision-order").mostRunsAtOnce
        mostRequestsAtWHMCS = testbed.whmcs.mostRequestsAtOnce
        events = burst.faultProxy.events
        let (first, ends) = (burst.watch.requested.values.min(), burst.watch.provisioned.values.sorted())
        time = first.flatMap { first in ends.last?.timeIntervalSince(first) } ?? 0
        let injections = burst.faultProxy.injections
        runTime = Self.runTime(burst.faultProxy, without: injections)
        let period = burst.downtime.period
        let next = period.flatMap { period in ends.first { $0 > period.end } }
        outage = period.flatMap { next?.timeIntervalSince($0.begin) } ?? 0
        kills = injections.count { $0.fault.isKill }
        outageCalls = injections.count - kills
    }

    private static func runTime(
        _ faultProxy: FaultProxy, without injections: [FaultProxy.Injection]
    ) -> (TimeInterval, TimeInterval) {
        let program = "provision-order"
        let disturbed = Set(injections.filter { $0.call.program == program }.map(\.call.run))
        let adding = Set(faultProxy.calls.filter { $0.service == .whmcs && $0.action == "AddOrder" }.map(\.run))
        let times = faultProxy.runs
            .filter { $0.program == program && adding.contains($0.number) && !disturbed.contains($0.number) }
            .map { $0.end.timeIntervalSince($0.start) }.sorted()
        return times.isEmpty ? (0, 0) : (times[times.count / 2], times.reduce(0, +) / Double(times.count))
    }

    var eventsPerOrder: Double { Double(events.values.reduce(0, +)) / Double(orders) }

    /// The outage, and 1.3 times what the runs take on all of the queue's consumers.
    var timeLimit: TimeInterval { 1.3 * Double(orders) * runTime.mean / Double(concurrency) + outage }
}

extension FaultProxy {
    /// Program → events that the order bus has taken from it.
    fileprivate var events: [String: Int] {
        exchanges.filter { $0.call.action == "PutEvents" }.reduce(into: [:]) { events, exchange in
            let entries = JSON(exchange.sent)?["Entries"]?.array?.count ?? 0
            let failed = JSON(exchange.received)?["FailedEntryCount"]?.integer ?? entries
            events[exchange.call.program, default: 0] += entries - failed
        }
    }
}
