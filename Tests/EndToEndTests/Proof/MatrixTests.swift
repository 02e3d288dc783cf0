import Foundation
import Testbed
import Testing

/// The fault matrix. `PROVE=matrix` runs all of it, as deploy/prove does. `PROVE_CASE` runs the cases with that text in
/// their name, and prints the log of each.
@Suite struct MatrixTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isWhole = environment["PROVE"] == "matrix"
    private static let only = environment["PROVE_CASE"]
    private static let runnerCount = isWhole ? 8 : 4

    @Test("Every order reaches a final status under every fault in every call")
    func everyCallSurvivesEveryFault() throws {
        let start = Date()
        // One after the other, because a start uses the whole processor.
        let runners = try (0..<Self.runnerCount).map { _ in try MatrixRunner() }
        defer { for runner in runners { runner.harness.testbed.stop() } }
        // By every runner, so that every WHMCS installation has shown that it returns the marker.
        let recordings = try Parallel.map(runners) { runner in
            try MatrixRunner.Scenario.allCases.map { (scenario: $0, calls: try record($0, by: runner)) }
        }
        let matrix = FaultMatrix(recordings[0])
        #expect(matrix.cases.count >= 150)
        #expect(Set(matrix.calls.map(\.program)).count == 4, "all programs with outbound calls are in the matrix")
        let cases = chosen(matrix)
        if Self.only == nil { #expect(Set(cases.map(\.fault)).count == MatrixFault.allCases.count) }

        var results = Parallel.share(cases, among: runners) { result(of: $0, by: $1) }
        #expect(results.count == cases.count)
        for index in results.indices where results[index].violations.isEmpty {
            // A second order that came late would be there by now.
            results[index].violations = results[index].checkAgain()?.violations.map { "later: \($0)" } ?? []
        }
        for result in results { for violation in result.violations { Issue.record("\(result.name): \(violation)") } }
        let ends = Dictionary(grouping: results, by: \.end).mapValues(\.count).sorted { $0.value > $1.value }
        let failed = results.count { !$0.violations.isEmpty }
        print(
            """
            matrix: \(matrix.calls.count) calls × \(MatrixFault.allCases.count) faults make \(matrix.cases.count) cases; \
            \(results.count - failed) passed, \(failed) failed in \(Int(Date().timeIntervalSince(start))) s; \
            ends: \(ends.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            """)
    }

    private func chosen(_ matrix: FaultMatrix) -> [FaultMatrix.Case] {
        if let only = Self.only { return matrix.cases.filter { $0.name.contains(only) } }
        return Self.isWhole ? matrix.cases : matrix.quickPart
    }

    private func record(_ scenario: MatrixRunner.Scenario, by runner: MatrixRunner) throws -> [OutboundCall] {
        let outcome = try runner.run(scenario)
        let check = check(outcome, scenario, runner)
        try #require((check.violations + [outcome.failure].compactMap(\.self)).isEmpty)
        return outcome.calls
    }

    private func check(
        _ outcome: MatrixRunner.Outcome, _ scenario: MatrixRunner.Scenario, _ runner: MatrixRunner
    ) -> OrderCheck {
        OrderCheck(runner.harness, order: outcome.order, client: outcome.client, allowedEnds: [scenario.end])
    }

    private struct Result: Sendable {
        var name: String
        var end: String
        var violations: [String]
        var checkAgain: @Sendable () -> OrderCheck?
    }

    private func result(of one: FaultMatrix.Case, by runner: MatrixRunner) -> Result {
        do {
            let outcome = try runner.run(one.scenario, one.plan)
            let first = check(outcome, one.scenario, runner)
            var violations = first.violations
            if let failure = outcome.failure { violations.insert(failure, at: 0) }
            if !outcome.injections.contains(where: { $0.call.name == one.plan.call.name }) {
                violations.append("the fault was not injected")
            }
            if Self.only != nil { printLog(of: one, outcome, runner) }
            return Result(
                name: one.name, end: first.end, violations: violations,
                checkAgain: { check(outcome, one.scenario, runner) })
        } catch {
            return Result(name: one.name, end: "none", violations: ["\(error)"], checkAgain: { nil })
        }
    }

    private func printLog(of one: FaultMatrix.Case, _ outcome: MatrixRunner.Outcome, _ runner: MatrixRunner) {
        let lines = runner.harness.testbed.journal.lines.filter { $0.text.contains(outcome.order) }
        print(one.name, lines.map { "\($0.source) \($0.text)" }.joined(separator: "\n"), separator: "\n")
        print(outcome.calls.map(\.name).joined(separator: ", "))
    }
}
