import HTTP

/// Makes the story of a violation shorter: fewer orders, fewer kinds of faults and behaviours, fewer faults, as long as
/// the same invariant is violated.
package struct Shrinking {
    /// The shortest episode found so far.
    package private(set) var report: Episode.Report
    package private(set) var runs = 0
    private let fibers = FiberPool()
    private let mostRuns: Int

    /// - Parameters:
    ///   - report: of an episode with a violation.
    ///   - mostRuns: of episodes; each takes some 50 ms.
    package init(_ report: Episode.Report, mostRuns: Int = 300) {
        self.report = report
        self.mostRuns = mostRuns
    }

    package mutating func run() {
        dropOrders()
        dropBehaviours()
        dropKindsOfFaults()
        dropFaults()
        dropOrders()
    }

    /// Keeps the change when the violation is still there.
    @discardableResult
    private mutating func attempt(_ change: (inout EpisodePlan) -> Void) -> Bool {
        var plan = report.plan
        change(&plan)
        guard runs < mostRuns, let kind = report.violations.first?.kind else { return false }
        runs += 1
        let shorter = Episode(plan, fibers: fibers).run()
        guard shorter.violations.first?.kind == kind else { return false }
        report = shorter
        return true
    }

    private mutating func dropOrders() {
        for orders in 1..<max(1, report.plan.orders) where attempt({ $0.orders = orders }) { return }
    }

    private mutating func dropBehaviours() {
        for (share, _) in Behaviours.shares where report.plan.behaviours[keyPath: share] > 0 {
            attempt { $0.behaviours[keyPath: share] = 0 }
        }
        for (choice, _) in Behaviours.choices where report.plan.behaviours[keyPath: choice] {
            attempt { $0.behaviours[keyPath: choice] = false }
        }
        if report.plan.behaviours.rowsInPage > 0 { attempt { $0.behaviours.rowsInPage = 0 } }
    }

    private mutating func dropKindsOfFaults() {
        for (kind, _) in FaultRates.kinds where report.plan.rates[keyPath: kind] > 0 {
            attempt { $0.rates[keyPath: kind] = 0 }
        }
    }

    /// Leaves out runs of faults, half of them first, then a quarter, down to single ones.
    private mutating func dropFaults() {
        if attempt({ $0.onlyFaults = [] }) { return }
        var kept = report.plan.onlyFaults?.sorted() ?? Array(1...max(1, report.faultCount))
        var size = kept.count / 2
        while size > 0 {
            var start = 0
            while start < kept.count, runs < mostRuns {
                let fewer = Array(kept[..<start] + kept[min(start + size, kept.count)...])
                if attempt({ $0.onlyFaults = Set(fewer) }) { kept = fewer } else { start += size }
            }
            size /= 2
        }
    }
}

extension EpisodePlan {
    /// What the episode has, in words.
    package var summary: String {
        var parts = ["\(orders) order\(orders == 1 ? "" : "s")"]
        if let onlyFaults { parts.append("\(onlyFaults.count) faults") }
        if let without { parts.append("without \(without.rawValue)") }
        return parts.joined(separator: ", ")
    }
}
