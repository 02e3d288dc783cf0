import Testing

@testable import Simulation

@Suite struct EpisodeTests {
    private func simulation(_ seed: UInt64, orders: Int = 10) -> Simulation {
        Simulation(firstSeed: seed, orders: orders, ordersInEpisode: orders, cores: 1)
    }

    @Test("Orders survive the faults of a seed", arguments: 1...4 as ClosedRange<UInt64>)
    func fixedSeeds(_ seed: UInt64) {
        let totals = simulation(seed).run()
        #expect(totals.failures.map(\.violations) == [])
        #expect((totals.orders, totals.episodes, totals.provisioned) == (10, 1, 10))
        #expect(totals.calls > 100)
    }

    /// Each seed violated an invariant when it was found. A change of the programs or of the simulation changes what a seed
    /// does: the sentence says which test holds the bug itself.
    @Test(
        "Seeds of bugs that are fixed stay without violation",
        arguments: [
            // WHMCS_OUTCOME_UNKNOWN was overwritten while its report failed, and the operator requested again: RetryTests.
            85,
            // A note that a person wrote made a WHMCS look as if it kept notes: MarkerSupportTests.
            1298,
            // A cleared WHMCS order id landed late in Salesforce, over the new order's: CancelledOrderTests.
            380,
            // The idempotency key of a duplicate requested the order again after it had failed: ReplayTests.
            5099,
        ] as [UInt64])
    func regressions(_ seed: UInt64) {
        #expect(simulation(seed).run().failures.map(\.violations) == [])
    }

    @Test("A seed repeats exactly") func repeats() {
        let (first, second) = (simulation(7).run(), simulation(7).run())
        #expect(first.hash == second.hash)
        #expect(first.calls == second.calls)
        #expect(simulation(8).run().hash != first.hash)
    }

    @Test("A story has the hash of its episode, and names orders") func story() {
        let simulation = simulation(7, orders: 3)
        let (report, lines) = Simulation.story(of: simulation.plan(7))
        #expect(report.hash == simulation.run().hash)
        #expect(lines.contains { $0.what == "whmcs AddOrder" && $0.outcome.contains("801Dn") })
    }
}

/// The invariants see what they are for. Without optimisation only what a few orders show: `deploy/prove simulate
/// --safeguards` takes out every safeguard.
@Suite struct SafeguardTests {
    @Test(
        "Without a safeguard the simulation finds a violation",
        arguments: [.recovery, .idempotencyKey] as [Safeguard])
    func found(_ safeguard: Safeguard) throws {
        let totals = Simulation(firstSeed: 1, orders: 1_000, without: safeguard).run()
        let violation = try #require(totals.failures.first?.violations.first)
        // A request that the table does not understand would violate everything.
        #expect(violation.kind != .unknownCall)
    }
}

@Suite struct ShrinkingTests {
    @Test("A shorter episode violates the same invariant") func shorter() throws {
        // Its first violation has faults to leave out.
        let totals = Simulation(firstSeed: 4, orders: 1_000, without: .idempotencyKey, cores: 1).run()
        let failure = try #require(totals.failures.first)
        var shrinking = Shrinking(failure, mostRuns: 40)
        shrinking.run()
        let shorter = shrinking.report
        #expect(shorter.violations.first?.kind == failure.violations.first?.kind)
        #expect(shorter.plan.orders <= failure.plan.orders)
        #expect(shorter.plan.onlyFaults?.count ?? .max < failure.faultCount)
        #expect(shrinking.runs <= 40)
        // What was found is what happens again.
        #expect(Simulation.story(of: shorter.plan).report.hash == shorter.hash)
    }
}
