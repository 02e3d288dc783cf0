import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// What a program costs apart from the vendors' answers: its traffic, and what its process uses.
struct Cost: Sendable {
    /// The names of the calls, sorted, because calls that go out together arrive in any order.
    var calls: [String]
    /// Of the bodies.
    var bytesSent: Int
    var bytesReceived: Int
    /// Processor time.
    var milliseconds: Double
    /// The most memory that the process has used since its start.
    var peakKiB: Int
}

/// A testbed that measures what events cost.
final class CostMeter {
    let harness: EndToEndHarness
    let faultProxy = FaultProxy()
    let filler: LedgerFiller

    /// - Parameter programs: the programs' directory; nil for that of the tests.
    init(programs: String?) throws {
        harness = try EndToEndHarness { [faultProxy] configuration in
            configuration.faultProxy = faultProxy
            if let programs { configuration.programs = programs }
        }
        filler = try LedgerFiller(harness)
    }

    /// The cost of one event of each kind, in a warm program.
    ///
    /// - Parameter customer: who ordered; nil for a new customer for each order.
    func costOfEvents(of customer: EndToEndHarness.Customer? = nil) throws -> [(name: String, cost: Cost)] {
        harness.testbed.retireIdleProcesses()
        _ = try round(customer)
        return try round(customer)
    }

    /// The cost of a run that searches all orders of the customer, because WHMCS has not answered an earlier AddOrder.
    func costOfSearch(of customer: EndToEndHarness.Customer) throws -> Cost {
        let order = harness.newOrder(of: customer)
        faultProxy.reset { $0.action == "AddOrder" ? .response(.actThenDrop) : nil }
        try harness.fulfill(order)
        _ = try harness.poll("unanswered AddOrder of \(order)") {
            let item = try harness.ledgerItem(order)
            return item?["addOrder"] == "sent" && item?["leaseOwner"] == nil && harness.testbed.isIdle ? true : nil
        }
        return try costs(of: ["provision-order"]) {
            try harness.recover(["orderId": .string(order)])
            try waitUntilSettled(order)
        }[0]
    }

    private func round(_ customer: EndToEndHarness.Customer?) throws -> [(name: String, cost: Cost)] {
        let order = harness.newOrder(of: customer ?? harness.newCustomer())
        let click = try costs(of: ["verify-signature", "provision-order"]) {
            try #expect(harness.fulfill(order).status == 202)
            try waitUntilSettled(order)
        }
        let poll = try costs(of: ["order-status"]) {
            try #expect(harness.status(order)["status"] == "Provisioned")
        }
        let late = harness.newOrder(of: customer ?? harness.newCustomer())
        try filler.addDue(late)
        let recovery = try costs(of: ["recover-orders"]) {
            try #expect(harness.recoverOnSchedule() == ["recovered": 1])
            try waitUntilSettled(late)
        }
        let names = ["a click", "its provisioning", "a poll", "recover-orders, 1 due"]
        return Array(zip(names, click + poll + recovery))
    }

    private func waitUntilSettled(_ order: String) throws {
        _ = try harness.poll("settled order \(order)") {
            try harness.ledgerItem(order)?.isSettled == true && harness.testbed.isIdle ? true : nil
        }
        try #expect(harness.ledger(order)["status"] == "Provisioned")
    }

    /// The cost of each program while `body` runs.
    func costs(of programs: [String], _ body: () throws -> Void) throws -> [Cost] {
        faultProxy.reset()
        let before = try programs.map { try processes(of: $0).map(\.milliseconds).reduce(0, +) }
        try body()
        return try zip(programs, before).map { program, before in
            let exchanges = faultProxy.exchanges.filter { $0.call.program == program }
            let processes = try processes(of: program)
            try #require(processes.count == 1, "one process of \(program)")
            return Cost(
                calls: exchanges.map(\.call.name).sorted(), bytesSent: exchanges.reduce(0) { $0 + $1.sent.count },
                bytesReceived: exchanges.reduce(0) { $0 + $1.received.count },
                milliseconds: processes[0].milliseconds - before, peakKiB: processes[0].peakKiB)
        }
    }

    private func processes(of program: String) throws -> [ProcessUsage] {
        try harness.testbed.function(program).processIDs.map { try ProcessUsage($0) }
    }
}

/// What the kernel has counted for a process.
private struct ProcessUsage {
    var milliseconds: Double
    var peakKiB: Int

    init(_ process: pid_t) throws {
        let times = try String(contentsOfFile: "/proc/\(process)/schedstat", encoding: .utf8).split(separator: " ")
        milliseconds = try #require(times.first.flatMap { Double($0) }) / 1_000_000
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        peakKiB = try #require(status.firstMatch(of: /VmHWM:\s+([0-9]+) kB/).flatMap { Int($0.1) })
    }
}

extension EndToEndHarness {
    /// Invokes recover-orders with the event of its schedule.
    func recoverOnSchedule() throws -> JSON {
        let event = try Data(contentsOf: packageRoot.appending(path: "events/schedule.json"))
        return try testbed.invoke("recover-orders", JSON([UInt8](event)) ?? [:]).json
    }
}
