import Testing

@testable import Simulation

@Suite struct BurstTests {
    private static let hour = 3_600_000

    @Test("A burst of orders is provisioned through kills and an outage of an hour")
    func burst() {
        let report = BurstEpisode(.burst(seed: 1, orders: 300, outage: Self.hour)).run()
        #expect(report.broken == [])
        #expect(report.provisioned == 300)
        #expect(report.kills > 0)
        #expect(report.outage == Self.hour)
        #expect((2...SimulatedQueue.maximumConcurrency).contains(report.mostRuns))
    }

    @Test("A seed repeats a burst exactly") func repeats() {
        func hash() -> UInt64 { BurstEpisode(.burst(seed: 1, orders: 10, outage: 60_000)).run().hash }
        #expect(hash() == hash())
    }
}
