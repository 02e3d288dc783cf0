import Foundation
import Testbed
import Testing

/// The random soak. `PROVE=soak` runs the long one, as deploy/prove does, with `PROVE_SEED` and `PROVE_ORDERS`.
@Suite struct SoakTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isLong = environment["PROVE"] == "soak"

    @Test func everyOrderEndsAsItShould() throws {
        let seed = Self.environment["PROVE_SEED"].flatMap(UInt64.init) ?? 1
        let count = Self.environment["PROVE_ORDERS"].flatMap(Int.init) ?? (Self.isLong ? 500 : 20)
        let start = Date()
        let schedule = Schedule(seed: seed, orders: count)
        print("soak: seed \(seed), \(count) orders, \(schedule.troubleCount) troubles planned for them")
        let soak = try Soak(schedule)
        defer { soak.lane.world.stack.stop() }
        let orders = try soak.run(patience: 90 + 2 * Double(count))
        #expect(orders.count == count)

        // Trouble with AddOrder that comes twice is for a person.
        let ends: Set = ["Provisioned", "WHMCS_OUTCOME_UNKNOWN"]
        let verdicts = orders.map { one in
            (one, Verdict(soak.lane.world, order: one.order, client: one.client, endingAs: ends))
        }
        for (one, verdict) in verdicts {
            for complaint in verdict.complaints + [one.complaint].compactMap(\.self) {
                Issue.record("seed \(seed), \(one.order): \(complaint)")
            }
        }
        // Every WHMCS order is one of ours, so that none can hide behind a lost marker.
        let made = soak.lane.world.stack.whmcs.state.orders.filter { $0.status != "Cancelled" }
        #expect(made.count <= count)
        let incidents = soak.incidents
        #expect(incidents.count * 3 > schedule.troubleCount, "troubles came")
        let kills = incidents.count { "\($0.trouble)".hasPrefix("killed") }
        let counts = Dictionary(grouping: verdicts, by: \.1.end).mapValues(\.count).sorted { $0.value > $1.value }
        let broken = verdicts.count { !$0.1.complaints.isEmpty || $0.0.complaint != nil }
        print(
            """
            soak: seed \(seed), \(count) orders of \(schedule.customers) customers, \(incidents.count) troubles met, \
            \(kills) of them kills; \(count - broken) passed, \(broken) failed in \
            \(Int(Date().timeIntervalSince(start))) s; \
            ends: \(counts.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            """)
    }

    @Test func theSeedIsTheWholeSchedule() {
        #expect(Schedule(seed: 7, orders: 50) == Schedule(seed: 7, orders: 50))
        #expect(Schedule(seed: 7, orders: 50) != Schedule(seed: 8, orders: 50))
    }
}
