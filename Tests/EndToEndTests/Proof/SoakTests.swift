import Foundation
import Testbed
import Testing

/// The soak with random faults. `PROVE=soak` runs the long one, as deploy/prove does, with `PROVE_SEED` and
/// `PROVE_ORDERS`.
@Suite struct SoakTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isLong = environment["PROVE"] == "soak"

    @Test("Every one of many simultaneous orders reaches its end under random faults")
    func everyOrderReachesItsEnd() throws {
        let seed = Self.environment["PROVE_SEED"].flatMap(UInt64.init) ?? 1
        let count = Self.environment["PROVE_ORDERS"].flatMap(Int.init) ?? (Self.isLong ? 500 : 20)
        let start = Date()
        let schedule = SoakSchedule(seed: seed, orders: count)
        print("soak: seed \(seed), \(count) orders, \(schedule.faultCount) faults scheduled for them")
        let soak = try SoakRun(schedule)
        defer { soak.harness.testbed.stop() }
        let orders = try soak.run(timeout: 90 + 2 * TimeInterval(count))
        #expect(orders.count == count)

        // Two faults in AddOrder may leave the decision to a person.
        let ends: Set = ["Provisioned", "WHMCS_OUTCOME_UNKNOWN"]
        let checks = orders.map { one in
            (one, OrderCheck(soak.harness, order: one.order, client: one.client, allowedEnds: ends))
        }
        for (one, check) in checks {
            for violation in check.violations + [one.failure].compactMap(\.self) {
                Issue.record("seed \(seed), \(one.order): \(violation)")
            }
        }
        // Counts all WHMCS orders, so that a duplicate without a marker is found too.
        let whmcsOrders = soak.harness.testbed.whmcs.state.orders.filter { $0.status != "Cancelled" }
        #expect(whmcsOrders.count <= count)
        let injections = soak.injections
        #expect(injections.count * 3 > schedule.faultCount, "at least a third of the faults were injected")
        let kills = injections.count { $0.fault.isKill }
        let counts = Dictionary(grouping: checks, by: \.1.end).mapValues(\.count).sorted { $0.value > $1.value }
        let failed = checks.count { !$0.1.violations.isEmpty || $0.0.failure != nil }
        print(
            """
            soak: seed \(seed), \(count) orders of \(schedule.customers) customers, \(injections.count) faults injected, \
            \(kills) of them kills; \(count - failed) passed, \(failed) failed in \
            \(Int(Date().timeIntervalSince(start))) s; \
            ends: \(counts.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            """)
    }

    @Test("The seed decides the whole schedule")
    func theSeedDecidesTheSchedule() {
        #expect(SoakSchedule(seed: 7, orders: 50) == SoakSchedule(seed: 7, orders: 50))
        #expect(SoakSchedule(seed: 7, orders: 50) != SoakSchedule(seed: 8, orders: 50))
    }
}
