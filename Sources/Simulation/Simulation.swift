import HTTP
import Basics
import Foundation
import Synchronization

/// Many episodes, on all cores.
package struct Simulation {
    package struct Totals: Sendable {
        package var episodes = 0
        package var orders = 0
        package var provisioned = 0
        package var calls = 0
        package var kills = 0
        package var faults: [String: Int] = [:]
        package var virtualTime = 0
        /// Of all episodes' hashes, in any order.
        package var hash: UInt64 = 0
        package var failures: [Episode.Report] = []
    }

    package var firstSeed: UInt64
    package var orders: Int
    package var ordersInEpisode: Int
    package var without: Safeguard?
    package var cores: Int

    package init(
        firstSeed: UInt64, orders: Int, ordersInEpisode: Int = 10, without: Safeguard? = nil,
        cores: Int = ProcessInfo.processInfo.activeProcessorCount
    ) {
        self.firstSeed = firstSeed
        self.orders = orders
        self.ordersInEpisode = ordersInEpisode
        self.without = without
        self.cores = cores
    }

    /// Runs episodes until there are enough orders, the time is up, or one has failed.
    ///
    /// - Parameter deadline: of the wall clock; nil for none.
    package func run(until deadline: Date? = nil) -> Totals {
        let totals = Mutex(Totals())
        let next = Atomic<Int>(0)
        let episodes = (orders + ordersInEpisode - 1) / ordersInEpisode
        DispatchQueue.concurrentPerform(iterations: cores) { _ in
            let fibers = FiberPool()
            var own = Totals()
            while deadline.map({ Date() < $0 }) ?? true, totals.withLock({ $0.failures.isEmpty }) {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < episodes else { break }
                let report = Episode(plan(firstSeed &+ UInt64(number)), fibers: fibers).run()
                own.add(Totals(report))
                if !report.violations.isEmpty { break }
            }
            totals.withLock { $0.add(own) }
        }
        return totals.withLock { $0 }
    }

    /// The episode of a seed.
    package func plan(_ seed: UInt64) -> EpisodePlan {
        var plan = EpisodePlan(seed: seed, orders: ordersInEpisode)
        plan.without = without
        return plan
    }

    /// Runs one episode, and keeps what happened.
    package static func story(of plan: EpisodePlan) -> (report: Episode.Report, lines: [Trace.Line]) {
        let episode = Episode(plan, fibers: FiberPool(), keepsLines: true)
        let report = episode.run()
        return (report, episode.world.trace.lines)
    }
}

extension Simulation.Totals {
    fileprivate init(_ report: Episode.Report) {
        self.init(
            episodes: 1, orders: report.plan.orders, provisioned: report.provisioned, calls: report.calls,
            kills: report.kills, faults: report.faults, virtualTime: report.virtualTime, hash: report.hash,
            failures: report.violations.isEmpty ? [] : [report])
    }

    fileprivate mutating func add(_ other: Self) {
        episodes += other.episodes
        orders += other.orders
        provisioned += other.provisioned
        calls += other.calls
        kills += other.kills
        faults.merge(other.faults, uniquingKeysWith: +)
        virtualTime += other.virtualTime
        hash ^= other.hash
        failures += other.failures
    }
}
