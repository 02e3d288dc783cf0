import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// What many orders in the ledger cost. `PROVE=growth` runs the long proof on the static programs, as deploy/prove does.
@Suite struct GrowthTests {
    private static let isWhole = ProcessInfo.processInfo.environment["PROVE"] == "growth"
    private static let programs = isWhole ? packageRoot.appending(path: ".build/static/release").path : nil

    @Test func anEventCostsTheSameHoweverManyOrdersThereAre() throws {
        let start = Date()
        var checks = Checks()
        try eventsCostTheSame(&checks, orders: Self.isWhole ? [1, 1_000, 100_000] : [1, 100, 500])
        try manyDueOrdersAreAnnounced(&checks, few: Self.isWhole ? 100 : 50, many: Self.isWhole ? 10_000 : 300)
        print("growth: \(checks.passed) passed, \(checks.failed) failed in \(Int(Date().timeIntervalSince(start))) s")
    }

    // MARK: The cost of an event

    private func eventsCostTheSame(_ checks: inout Checks, orders counts: [Int]) throws {
        let growth = try Growth(programs: Self.programs)
        defer { growth.world.stack.stop() }
        var table = Table(["event", "orders in the ledger", "calls", "bytes sent", "received", "CPU ms", "peak MiB"])
        var first: [String: Cost] = [:]
        var filled = 0
        for count in counts {
            try growth.filling.add(count - filled)
            filled = count
            for (name, cost) in try growth.events() {
                let least = first[name] ?? cost
                first[name] = least
                table.add([
                    name, "\(count)", "\(cost.calls.count)", "\(cost.sent)", "\(cost.received)",
                    decimal(cost.milliseconds), mebibytes(cost.peak),
                ])
                let what = "\(name), \(count) orders"
                checks.expect(!cost.calls.isEmpty && cost.calls == least.calls, "\(what): the calls are \(cost.calls)")
                // Ids of WHMCS are numbers, which grow by a digit now and then.
                checks.expect(abs(cost.sent - least.sent) <= 64, "\(what): \(cost.sent) bytes sent")
                checks.expect(abs(cost.received - least.received) <= 64, "\(what): \(cost.received) bytes received")
                checks.expect(Double(cost.peak) <= 1.2 * Double(least.peak), "\(what): a peak of \(cost.peak) KiB")
            }
        }
        table.print()
    }

    // MARK: Many due orders

    private func manyDueOrdersAreAnnounced(_ checks: inout Checks, few: Int, many: Int) throws {
        let growth = try Growth(programs: Self.programs)
        defer { growth.world.stack.stop() }
        try growth.world.holdEvents()
        let definition = try growth.world.stack.function("recover-orders").definition
        var table = Table(["due orders", "run", "announced", "left", "s", "CPU s", "calls", "peak MiB"])
        var peaks: [Int] = []
        for count in [few, many] {
            let due = try growth.filling.addDue(count)
            growth.world.stack.retireIdleProcesses()
            var announced: [String] = []
            for run in 1...count {
                let begun = Date()
                var answer: JSON = .null
                let cost = try growth.costs(["recover-orders"]) { answer = try growth.world.recoverOnSchedule() }[0]
                let seconds = Date().timeIntervalSince(begun)
                let some = growth.announced
                announced += some
                peaks.append(cost.peak)
                table.add([
                    "\(count)", "\(run)", "\(some.count)", "\(answer["left"]?.integer ?? 0)", decimal(seconds),
                    decimal(cost.milliseconds / 1000), "\(cost.calls.count)", mebibytes(cost.peak),
                ])
                let what = "\(count) due, run \(run)"
                checks.expect(answer["recovered"]?.integer == some.count, "\(what): it answered \(answer)")
                checks.expect(seconds < Double(definition.timeout), "\(what): it took \(decimal(seconds)) s")
                checks.expect(cost.peak < definition.memory * 1024, "\(what): a peak of \(cost.peak) KiB")
                // Those that are begun are not due any more.
                try growth.filling.end(some)
                if answer["left"] == nil { break }
            }
            let times = Dictionary(grouping: announced) { $0 }.mapValues(\.count)
            checks.expect(
                times.count == count && times.values.allSatisfy { $0 == 1 } && Set(times.keys) == Set(due),
                "\(count) due: \(times.count) were announced, some \(times.values.max() ?? 0) times")
        }
        let (ofFew, ofMany) = (peaks.first ?? 0, peaks.max() ?? 0)
        checks.expect(Double(ofMany) <= 1.2 * Double(ofFew), "\(many) due: a peak of \(ofMany) KiB after \(ofFew)")
        table.print()
    }
}

extension Growth {
    /// The orders whose events the bus has taken since the costs were last asked for, one for each event.
    fileprivate var announced: [String] {
        interposer.exchanges.filter { $0.call.action == "PutEvents" && JSON($0.received)?["FailedEntryCount"] == 0 }
            .flatMap { JSON($0.sent)?["Entries"]?.array ?? [] }
            .compactMap { JSON(Array(($0["Detail"]?.string ?? "").utf8))?["orderId"]?.string }
    }
}

private struct Checks {
    private(set) var passed = 0
    private(set) var failed = 0

    mutating func expect(_ holds: Bool, _ complaint: @autoclosure () -> String) {
        if holds { return passed += 1 }
        failed += 1
        Issue.record("\(complaint())")
    }
}

/// Figures, as a table of Markdown.
private struct Table {
    private var rows: [[String]]

    init(_ head: [String]) { rows = [head, head.map { _ in "---" }] }

    mutating func add(_ row: [String]) { rows.append(row) }

    func print() {
        for row in rows { Swift.print("| " + row.joined(separator: " | ") + " |") }
    }
}

private func decimal(_ value: Double) -> String { String(format: "%.1f", value) }
private func mebibytes(_ kibibytes: Int) -> String { decimal(Double(kibibytes) / 1024) }
