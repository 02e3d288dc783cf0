import Foundation
import Simulation
import TestSupport
import Testing

/// The simulated table against a server that others wrote. `PROVE_OPERATIONS` makes it longer, `PROVE_SEED` repeats a
/// run.
@Suite struct TableComparisonTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let operations = environment["PROVE_OPERATIONS"].flatMap(Int.init) ?? 200
    /// One that is always the same, and a fresh one.
    private static let seeds =
        environment["PROVE_SEED"].flatMap(UInt64.init).map { [$0] } ?? [1, UInt64.random(in: 2...999_999)]

    @Test("Random requests have the answers that moto gives", arguments: seeds)
    func randomRequests(seed: UInt64) throws {
        var requests = RandomRequests(generator: SeededGenerator(seed: seed))
        try compare("requests", seed) { comparison in
            try requests.send(to: comparison.table)
            let expired = comparison.endpoint.model.expiredKeys(now: comparison.endpoint.now, limit: 1)
            if requests.generator.chance(0.05), let key = expired.first { try comparison.expire(key) }
        }
    }

    @Test("The ledger's own calls have the answers that moto gives", arguments: seeds)
    func ledgerCalls(seed: UInt64) throws {
        var calls: RandomLedgerCalls?
        try compare("calls", seed) { comparison in
            if calls == nil { calls = RandomLedgerCalls(comparison, seed: seed) }
            try calls?.next()
        }
    }

    private func compare(_ name: String, _ seed: UInt64, _ operate: (TableComparison) throws -> Void) throws {
        let comparison = try TableComparison("\(name)-\(seed)")
        for number in 1...Self.operations {
            try operate(comparison)
            if number == Self.operations || number % 500 == 0 { try comparison.compareItems() }
            if comparison.differences.isEmpty { continue }
            Issue.record("seed \(seed), operation \(number): \(comparison.differences.joined(separator: "\n"))")
            return
        }
        print(
            "table, \(name): seed \(seed), \(comparison.requests) requests, \(comparison.refusals) refused: as moto's")
        #expect(comparison.refusals * 10 > comparison.requests, "conditions fail often")
    }
}
