import Foundation
import Simulation

/// Runs one burst, and prints what it measured.
///
/// - Returns: the exit status: 1 after a violation.
func runBurst(seed: UInt64, orders: Int) -> Int32 {
    print("seed \(seed)")
    let start = Date()
    let report = BurstEpisode(.burst(seed: seed, orders: orders)).run()
    let seconds = Int(Date().timeIntervalSince(start))
    let faults = report.faults.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
    let events = report.events.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }
    print(
        """
        \(report.orders) orders, \(report.provisioned) Provisioned at the end; hash \(String(report.hash, radix: 16))
        \(report.calls) calls in \(seconds) s, \(report.kills) kills; faults: \(faults.joined(separator: ", "))
        at most \(report.mostRuns) runs and \(report.mostCallsAtWHMCS) calls at WHMCS at once
        \(decimal(report.eventsPerOrder)) events per order, at most \(decimal(report.eventLimit)): \(events.joined(separator: ", "))
        \(report.outageCalls) calls to WHMCS in its outage of \(hours(report.outage)) h
        an undisturbed run takes \(report.runTime) ms; all orders took \(hours(report.time)) h. The outage and 1.3 times \
        the runs are \(hours(report.timeOfRuns)) h; with the waits after the outage, \(hours(report.timeLimit)) h
        \(report.ratesPerHour.before) orders an hour before the outage, \(report.ratesPerHour.after) after it; no order \
        waited longer than \(hours(report.longestWait)) h
        """)
    for broken in report.broken { print("violated: \(broken)") }
    print("\(report.broken.isEmpty ? report.orders : 0) orders without violation")
    return report.broken.isEmpty ? 0 : 1
}

private func hours(_ milliseconds: Int) -> String { decimal(Double(milliseconds) / 3_600_000) }
private func decimal(_ value: Double) -> String { String(format: "%.2f", value) }
