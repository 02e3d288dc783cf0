import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// What runs of a program cost that are not the vendors' business: what goes over the wire, and what the process takes.
struct Cost: Sendable {
    /// By name, sorted; what goes out at once arrives in any order.
    var calls: [String]
    /// Bytes of bodies.
    var sent: Int
    var received: Int
    /// Processor time, ms.
    var milliseconds: Double
    /// The most memory that the process has had since it was started, KiB.
    var peak: Int
}

/// A stack on which the cost of events is measured.
final class Growth {
    let world: World
    let interposer = Interposer()
    let filling: Filling

    /// - Parameter programs: the directory they are in; nil for those beside the tests.
    init(programs: String?) throws {
        world = try World { [interposer] configuration in
            configuration.interposer = interposer
            if let programs { configuration.programs = programs }
        }
        filling = try Filling(world)
    }

    /// One of each event, once its program is warm.
    func events() throws -> [(name: String, cost: Cost)] {
        world.stack.retireIdleProcesses()
        _ = try round()
        return try round()
    }

    private func round() throws -> [(name: String, cost: Cost)] {
        let (order, _) = world.newOrder()
        let click = try costs(["verify-signature", "provision-order"]) {
            try #expect(world.click(order).status == 202)
            try settle(order)
        }
        let poll = try costs(["order-status"]) { try #expect(world.status(order)["status"] == "Provisioned") }
        let (late, _) = world.newOrder()
        try filling.addDue(late)
        let recovery = try costs(["recover-orders"]) {
            try #expect(world.recoverOnSchedule() == ["recovered": 1])
            try settle(late)
        }
        let names = ["a click", "its provisioning", "a poll", "recover-orders, 1 due"]
        return Array(zip(names, click + poll + recovery))
    }

    private func settle(_ order: String) throws {
        _ = try world.poll("\(order) to be provisioned") {
            try world.ledgerItem(order)?.isSettled == true && world.stack.isIdle ? true : nil
        }
        try #expect(world.ledger(order)["status"] == "Provisioned")
    }

    /// What each of the programs cost while `body` ran.
    func costs(_ programs: [String], _ body: () throws -> Void) throws -> [Cost] {
        interposer.follow { _ in nil }
        let before = try programs.map { try processes($0).map(\.milliseconds).reduce(0, +) }
        try body()
        return try zip(programs, before).map { program, before in
            let exchanges = interposer.exchanges.filter { $0.call.program == program }
            let processes = try processes(program)
            try #require(processes.count == 1, "one process of \(program)")
            return Cost(
                calls: exchanges.map(\.call.name).sorted(), sent: exchanges.reduce(0) { $0 + $1.sent.count },
                received: exchanges.reduce(0) { $0 + $1.received.count },
                milliseconds: processes[0].milliseconds - before, peak: processes[0].peak)
        }
    }

    private func processes(_ program: String) throws -> [Usage] {
        try world.stack.function(program).processIDs.map { try Usage(of: $0) }
    }
}

/// What the kernel has noted of a process.
private struct Usage {
    var milliseconds: Double
    var peak: Int

    init(of process: pid_t) throws {
        let times = try String(contentsOfFile: "/proc/\(process)/schedstat", encoding: .utf8).split(separator: " ")
        milliseconds = try #require(times.first.flatMap { Double($0) }) / 1_000_000
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        peak = try #require(status.firstMatch(of: /VmHWM:\s+([0-9]+) kB/).flatMap { Int($0.1) })
    }
}

extension World {
    /// Runs recover-orders as its schedule does.
    func recoverOnSchedule() throws -> JSON {
        let event = try Data(contentsOf: packageRoot.appending(path: "events/schedule.json"))
        return try stack.invoke("recover-orders", JSON([UInt8](event)) ?? [:]).json
    }
}
