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
        package var failures: [(seed: UInt64, violations: [String])] = []

        mutating func add(_ report: Episode.Report) {
            episodes += 1
            orders += report.orders
            provisioned += report.provisioned
            calls += report.calls
            kills += report.kills
            faults.merge(report.faults, uniquingKeysWith: +)
            virtualTime += report.virtualTime
            hash ^= report.hash
            if !report.violations.isEmpty { failures.append((report.seed, report.violations)) }
        }

        mutating func add(_ other: Totals) {
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

    package var firstSeed: UInt64
    package var orders: Int
    package var ordersInEpisode: Int
    package var cores: Int

    package init(
        firstSeed: UInt64, orders: Int, ordersInEpisode: Int = 10,
        cores: Int = ProcessInfo.processInfo.activeProcessorCount
    ) {
        self.firstSeed = firstSeed
        self.orders = orders
        self.ordersInEpisode = ordersInEpisode
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
                own.add(report)
                if !report.violations.isEmpty { break }
            }
            totals.withLock { $0.add(own) }
        }
        return totals.withLock { $0 }
    }

    /// Runs one episode again, with its story.
    package func story(of seed: UInt64) -> (Episode.Report, [String]) {
        let episode = Episode(plan(seed), fibers: FiberPool(), keepsLines: true)
        let report = episode.run()
        return (report, episode.world.trace.lines.map(\.text))
    }

    private func plan(_ seed: UInt64) -> EpisodePlan {
        EpisodePlan(seed: seed, orders: ordersInEpisode)
    }
}

extension Trace.Line {
    /// `10:15:31.020 | provision-order/4 | whmcs AddOrder | 200`
    var text: String { "\(time.iso8601.dropFirst(11).dropLast()) | \(who) | \(what) | \(outcome)" }
}
