import Basics
import Foundation
import Simulation

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
    FileHandle.standardError.write(Data("\(Options.usage)\n".utf8))
    exit(64)
}
if options.isStory {
    let (report, lines) = Simulation.story(of: options.simulation().plan(options.seed))
    printTable(lines)
    exit(report.violations.isEmpty ? 0 : 1)
}
if options.isBurst { exit(runBurst(seed: options.seed, orders: options.orders ?? 100_000)) }
exit(options.checksSafeguards ? checkSafeguards(options) : run(options))

/// Prints what happened, and the story of the first violation, shrunk.
///
/// - Returns: the exit status: 1 after a violation.
func run(_ options: Options) -> Int32 {
    print("seed \(options.seed)")
    let start = Date()
    let totals = options.simulation().run(until: options.deadline)
    let seconds = Date().timeIntervalSince(start)
    let faults = totals.faults.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
    print("\(totals.orders) orders in \(totals.episodes) episodes, \(totals.provisioned) Provisioned at the end")
    print("\(totals.calls) calls, \(totals.kills) kills; faults: \(faults.joined(separator: ", "))")
    let rate = Int(Double(totals.orders) / seconds)
    let hours = totals.virtualTime / 3_600_000
    print("\(hours) h of virtual time in \(Int(seconds)) s, \(rate) orders/s, hash \(String(totals.hash, radix: 16))")
    for failure in totals.failures { explain(failure) }
    let failed = totals.failures.reduce(0) { $0 + $1.plan.orders }
    print("\(totals.orders - failed) orders without violation")
    return totals.failures.isEmpty ? 0 : 1
}

func explain(_ report: Episode.Report) {
    print("\nseed \(report.plan.seed) violates: \(report.violations[0])")
    var shrinking = Shrinking(report)
    shrinking.run()
    let shortest = shrinking.report.plan
    print("shrunk in \(shrinking.runs) runs to \(shortest.summary):\n")
    printTable(Simulation.story(of: shortest).lines)
}

/// Takes each safeguard out, and says how many orders the simulation needs to find a violation.
///
/// - Returns: the exit status: 1 when a safeguard is not missed.
func checkSafeguards(_ options: Options) -> Int32 {
    var status: Int32 = 0
    var missed = 0
    print("seed \(options.seed)")
    print("| without | found after | violation |\n|---|---|---|")
    for safeguard in Safeguard.allCases {
        let start = Date()
        let totals = Simulation(
            firstSeed: options.seed, orders: options.orders ?? 20_000, without: safeguard, cores: 1
        ).run()
        let milliseconds = Int(Date().timeIntervalSince(start) * 1000)
        let kind = totals.failures.first?.violations.first?.kind.rawValue
        if kind == nil { status = 1 } else { missed += 1 }
        let found = kind == nil ? "not in \(totals.orders) orders" : "\(totals.orders) orders, \(milliseconds) ms"
        print("| \(safeguard.rawValue) | \(found) | \(kind ?? "") |")
    }
    print("\(missed) safeguards are missed when they are gone")
    return status
}

/// Time, who, call and what happened, in columns.
func printTable(_ lines: [Trace.Line]) {
    let rows = lines.map { [String($0.time.iso8601.dropFirst(11).dropLast()), $0.who, $0.what, $0.outcome] }
    let widths = (0..<3).map { column in rows.map(\.[column].count).max() ?? 0 }
    for row in rows {
        let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
        print(cells.joined(separator: " | ") + " | " + row[3])
    }
}
