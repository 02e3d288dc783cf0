import Basics
import JSON
import Testing

@testable import AWS
@testable import Orders

/// The item of the breakers, which several runs change at once.
@Suite struct BreakersTests {
    private static let now: Timestamp = 1_795_169_730_000
    private let aws: SimulatedAccount
    private let ledger: Ledger

    init() throws {
        let aws = try SimulatedAccount()
        self.aws = aws
        ledger = Ledger(Table(aws.table, aws.account, .live()), now: { Self.now })
    }

    private func fail(_ breakers: inout Breakers) throws {
        _ = try breakers.change(.whmcs) { breaker in
            breaker.failed(
                Outage(reason: "no answer", heardAt: Self.now), isProbe: false, longest: 300_000, at: Self.now,
                random: { $0 })
        }
    }

    private func claimProbe(_ breakers: inout Breakers) throws -> Bool {
        try breakers.change(.whmcs) { breaker in
            breaker.permission(at: Self.now) == .probe ? breaker.probed(until: Self.now + 120_000) : nil
        } != nil
    }

    private func open(until time: Timestamp) -> JSON {
        ["failures": 5, "openedAt": .milliseconds(Self.now - 60_000), "openUntil": .milliseconds(time)]
    }

    @Test("Two silent runs that end at once count as two") func concurrentFailures() throws {
        var (one, other) = (try Breakers(ledger), try Breakers(ledger))
        try fail(&one)
        try fail(&other)
        #expect(try Breakers(ledger)[.whmcs].failures == 2)
    }

    @Test("Of two runs whose leases end at once, one probes") func concurrentProbes() throws {
        try aws.set("breakers", ["whmcs": open(until: Self.now), "revision": "r"])
        var (one, other) = (try Breakers(ledger), try Breakers(ledger))
        #expect(try claimProbe(&one))
        #expect(try !claimProbe(&other))
    }

    @Test(
        "An item that cannot be read is repaired by the next change",
        arguments: [[:], ["revision": 7], ["whmcs": "open", "revision": true]]
            as [[String: JSON]])
    func malformedItem(_ values: [String: JSON]) throws {
        try aws.set("breakers", values.merging(["note": "by hand"]) { $1 })
        var breakers = try Breakers(ledger)
        try fail(&breakers)
        #expect(try Breakers(ledger)[.whmcs].failures == 1)
    }
}
