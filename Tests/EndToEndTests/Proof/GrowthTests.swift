import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// The cost of many orders in the ledger. `PROVE=growth` runs the long proof with the zips' programs, as deploy/prove does.
@Suite struct GrowthTests {
    private static let isWhole = ProcessInfo.processInfo.environment["PROVE"] == "growth"
    private static let ordersOfLargeClient = 10_000
    private static let programs = isWhole ? packageRoot.appending(path: ".build/static/release").path : nil

    @Test("An event costs the same however many orders the ledger has")
    func eventsCostTheSameInALargeLedger() throws {
        let start = Date()
        var checks = Checks()
        try eventsCostTheSame(&checks, orders: Self.isWhole ? [1, 1_000, 100_000] : [1, 100, 500])
        try manyDueOrdersArePublished(&checks, few: Self.isWhole ? 100 : 50, many: Self.isWhole ? 10_000 : 300)
        print("growth: \(checks.passed) passed, \(checks.failed) failed in \(Int(Date().timeIntervalSince(start))) s")
    }

    // MARK: The cost of an event

    private func eventsCostTheSame(_ checks: inout Checks, orders counts: [Int]) throws {
        let meter = try CostMeter(programs: Self.programs)
        defer { meter.harness.testbed.stop() }
        var table = Table(["event", "orders in the ledger", "calls", "bytes sent", "received", "CPU ms", "peak MiB"])
        var first: [String: Cost] = [:]
        var filled = 0
        for count in counts {
            try meter.filler.add(count - filled)
            filled = count
            for (name, cost) in try meter.costOfEvents() {
                let least = first[name] ?? cost
                first[name] = least
                table.add(name, count, cost)
                let what = "\(name), \(count) orders"
                checks.expect(!cost.calls.isEmpty && cost.calls == least.calls, "\(what): the calls are \(cost.calls)")
                // The ids of WHMCS are numbers, which get longer.
                checks.expect(abs(cost.bytesSent - least.bytesSent) <= 64, "\(what): \(cost.bytesSent) bytes sent")
                checks.expect(
                    abs(cost.bytesReceived - least.bytesReceived) <= 64, "\(what): \(cost.bytesReceived) bytes received"
                )
                checks.expect(
                    Double(cost.peakKiB) <= 1.2 * Double(least.peakKiB), "\(what): a peak of \(cost.peakKiB) KiB")
            }
        }
        try eventsOfLargeClient(&checks, &table, meter, few: first, ordersInLedger: filled)
        table.print()
    }

    /// A run reads pages of a large client's lists, and all of them only while an AddOrder is in doubt.
    private func eventsOfLargeClient(
        _ checks: inout Checks, _ table: inout Table, _ meter: CostMeter, few: [String: Cost], ordersInLedger: Int
    ) throws {
        let customer = meter.harness.newCustomer()
        meter.harness.testbed.whmcs.update { state in
            for _ in 0..<Self.ordersOfLargeClient {
                _ = state.addOrder(client: customer.client, notes: "another order")
            }
        }
        var costs = try meter.costOfEvents(of: customer)
        costs.append(("its provisioning after an unanswered AddOrder", try meter.costOfSearch(of: customer)))
        for (name, cost) in costs {
            let what = "\(name), client with \(Self.ordersOfLargeClient) orders"
            table.add(what, ordersInLedger, cost)
            checks.expect(cost.peakKiB < 64 * 1024, "\(what): a peak of \(cost.peakKiB) KiB")
            guard let few = few[name] else { continue }
            // The services of the order one by one, because all of the client's have many pages; and a page of each list.
            checks.expect(cost.calls.count <= few.calls.count + 10, "\(what): the calls are \(cost.calls)")
            checks.expect(cost.bytesReceived < 2_000_000, "\(what): \(cost.bytesReceived) bytes received")
        }
    }

    // MARK: Many due orders

    private func manyDueOrdersArePublished(_ checks: inout Checks, few: Int, many: Int) throws {
        let meter = try CostMeter(programs: Self.programs)
        defer { meter.harness.testbed.stop() }
        try meter.harness.holdEvents()
        let definition = try meter.harness.testbed.function("recover-orders").definition
        var table = Table(["due orders", "run", "published", "left", "s", "CPU s", "calls", "peak MiB"])
        var peaks: [Int] = []
        for count in [few, many] {
            let due = try meter.filler.addDue(count)
            meter.harness.testbed.retireIdleProcesses()
            var published: [String] = []
            for run in 1...count {
                let begun = Date()
                var answer: JSON = .null
                let cost = try meter.costs(of: ["recover-orders"]) {
                    answer = try meter.harness.recoverOnSchedule()
                }[0]
                let seconds = Date().timeIntervalSince(begun)
                let some = meter.published
                published += some
                peaks.append(cost.peakKiB)
                table.add([
                    "\(count)", "\(run)", "\(some.count)", "\(answer["left"]?.integer ?? 0)", decimal(seconds),
                    decimal(cost.milliseconds / 1000), "\(cost.calls.count)", mebibytes(cost.peakKiB),
                ])
                let what = "\(count) due, run \(run)"
                checks.expect(answer["recovered"]?.integer == some.count, "\(what): it answered \(answer)")
                checks.expect(seconds < Double(definition.timeoutSeconds), "\(what): it took \(decimal(seconds)) s")
                checks.expect(cost.peakKiB < definition.memoryMB * 1024, "\(what): a peak of \(cost.peakKiB) KiB")
                // As provision-order would.
                try meter.filler.settle(some)
                guard answer["left"] == nil else { continue }
                // A claim that moto answers too late counts as another run's: the order is due again minutes later.
                let claimed = Set(due).subtracting(published)
                if claimed.isEmpty { break }
                for order in claimed {
                    checks.expect(try meter.harness.ledger(order)["open"]?.string == "1", "\(order) is not open")
                    try meter.filler.addDue(order)
                }
            }
            let times = Dictionary(grouping: published) { $0 }.mapValues(\.count)
            checks.expect(
                times.count == count && times.values.allSatisfy { $0 == 1 } && Set(times.keys) == Set(due),
                "\(count) due: \(times.count) were published, some \(times.values.max() ?? 0) times")
        }
        let (ofFew, ofMany) = (peaks.first ?? 0, peaks.max() ?? 0)
        checks.expect(Double(ofMany) <= 1.2 * Double(ofFew), "\(many) due: a peak of \(ofMany) KiB after \(ofFew)")
        table.print()
    }
}

extension CostMeter {
    /// The orders of the events that the bus has accepted during the last measurement.
    fileprivate var published: [String] {
        faultProxy.exchanges.filter { $0.call.action == "PutEvents" && JSON($0.received)?["FailedEntryCount"] == 0 }
            .flatMap { JSON($0.sent)?["Entries"]?.array ?? [] }
            .compactMap { JSON(Array(($0["Detail"]?.string ?? "").utf8))?["orderId"]?.string }
    }
}

private struct Checks {
    private(set) var passed = 0
    private(set) var failed = 0

    mutating func expect(_ holds: Bool, _ violation: @autoclosure () -> String) {
        if holds { return passed += 1 }
        failed += 1
        Issue.record("\(violation())")
    }
}

/// A table in Markdown.
private struct Table {
    private var rows: [[String]]

    init(_ head: [String]) { rows = [head, head.map { _ in "---" }] }

    mutating func add(_ row: [String]) { rows.append(row) }

    mutating func add(_ event: String, _ ordersInLedger: Int, _ cost: Cost) {
        add([
            event, "\(ordersInLedger)", "\(cost.calls.count)", "\(cost.bytesSent)", "\(cost.bytesReceived)",
            decimal(cost.milliseconds), mebibytes(cost.peakKiB),
        ])
    }

    func print() {
        for row in rows { Swift.print("| " + row.joined(separator: " | ") + " |") }
    }
}

private func decimal(_ value: Double) -> String { String(format: "%.1f", value) }
private func mebibytes(_ kibibytes: Int) -> String { decimal(Double(kibibytes) / 1024) }
