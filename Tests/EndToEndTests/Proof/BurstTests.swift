import Foundation
import TestSupport
import Testbed
import Testing

/// A burst of orders. `PROVE=burst` runs the long one, as deploy/prove does, with `PROVE_SEED` and `PROVE_ORDERS`.
@Suite struct BurstTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isLong = environment["PROVE"] == "burst"
    private static let eventsPerOrder = 1.5

    @Test("A burst of orders is provisioned once each, and WHMCS gets no more at once than it is said to")
    func burst() throws {
        let seed = Self.environment["PROVE_SEED"].flatMap(UInt64.init) ?? 1
        let count = Self.environment["PROVE_ORDERS"].flatMap(Int.init) ?? (Self.isLong ? 2_500 : 30)
        let plan =
            Self.isLong
            ? BurstPlan(seed: seed, orders: count, scale: 5, outage: .seconds(600))
            : BurstPlan(seed: seed, orders: count, scale: 60, outage: .runs(4))
        let burst = try BurstRun(plan)
        defer { burst.harness.testbed.stop() }
        let refusals = try burst.run(timeout: 300 + 3 * TimeInterval(count))
        for refusal in refusals { Issue.record("seed \(seed), \(refusal)") }

        let figures = try BurstFigures(burst)
        print(figures.table(seed: seed, plan))
        #expect(burst.watch.provisioned.count == count)
        #expect((2...figures.concurrency).contains(figures.mostRuns), "runs at once")
        #expect(figures.eventsPerOrder <= Self.eventsPerOrder)
        #expect((2...4 * figures.concurrency).contains(figures.mostRequestsAtWHMCS), "requests at once at WHMCS")
        if Self.isLong {
            #expect(figures.time <= figures.timeLimit)
            try burst.writeSeries(to: packageRoot.appending(path: ".local/burst.csv"))
        }
        let failed = check(burst, seed: seed)
        print("burst: \(count - failed) passed, \(failed + refusals.count) failed")
    }

    /// - Returns: how many orders are not as they must be.
    private func check(_ burst: BurstRun, seed: UInt64) -> Int {
        let failed = burst.orders.count { order in
            let check = OrderCheck(
                burst.harness, order: order.id, client: order.client, allowedEnds: ["Provisioned"])
            for violation in check.violations { Issue.record("seed \(seed), \(order.id): \(violation)") }
            return !check.violations.isEmpty
        }
        // Counts all WHMCS orders, so that a duplicate without a marker is found too.
        let whmcsOrders = burst.harness.testbed.whmcs.state.orders
        #expect(whmcsOrders.count == burst.orders.count, "WHMCS orders")
        return failed
    }

    @Test("The seed decides the kills")
    func theSeedDecides() {
        func plan(_ seed: UInt64) -> BurstPlan { BurstPlan(seed: seed, orders: 100, scale: 5, outage: .runs(4)) }
        #expect(plan(7) == plan(7))
        #expect(plan(7) != plan(8))
    }
}

extension BurstFigures {
    fileprivate func table(seed: UInt64, _ plan: BurstPlan) -> String {
        let events = events.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }.joined(separator: ", ")
        return """
            burst: seed \(seed), \(orders) orders of \(plan.customers) customers, \(kills) kills, \(outageCalls) calls to \
            WHMCS in its outage; WHMCS, the schedules and the requests are \(decimal(plan.scale)) times as fast as in \
            production
            | | measured | limit |
            |---|--:|--:|
            | runs at once | \(mostRuns) | \(concurrency) |
            | requests at WHMCS at once | \(mostRequestsAtWHMCS) | \(4 * concurrency) |
            | events per order (\(events)) | \(decimal(eventsPerOrder)) | 1.5 |
            | an undisturbed run, with moto's time, s: median, mean | \(decimal(runTime.median)), \(decimal(runTime.mean)) | |
            | the outage, until orders go on, s | \(decimal(outage)) | |
            | all orders, s | \(decimal(time)) | \(decimal(timeLimit)) |
            """
    }

    private func decimal(_ value: Double) -> String { String(format: "%.2f", value) }
}

extension BurstRun {
    /// Writes how the burst went, one row a sample, for deploy/bench/burst.py.
    fileprivate func writeSeries(to file: URL) throws {
        guard let start = watch.requested.values.min() else { return }
        let rows = watch.samples.map { sample in
            let isDown = downtime.period.map { ($0.begin...$0.end).contains(sample.time) } ?? false
            let seconds = String(format: "%.2f", sample.time.timeIntervalSince(start))
            return "\(seconds),\(sample.open),\(String(format: "%.2f", sample.oldestAge)),\(isDown ? 1 : 0)"
        }
        let text = (["seconds,open,oldest,down"] + rows).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: file)
    }
}
