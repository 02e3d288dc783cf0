import Foundation
import Testbed
import Testing

/// The fault matrix. `PROVE=matrix` runs the whole of it, as deploy/prove does; `PROVE_CASE` the cases that have this
/// in their name, with the log of each.
@Suite struct MatrixTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isWhole = environment["PROVE"] == "matrix"
    private static let only = environment["PROVE_CASE"]
    private static let lanes = isWhole ? 8 : 4

    @Test func everyCallSurvivesEveryFault() throws {
        let start = Date()
        // One after the other: starting takes all the processor.
        let lanes = try (0..<Self.lanes).map { _ in try Lane() }
        defer { for lane in lanes { lane.world.stack.stop() } }
        // In each lane, so that on each install the marker has been seen to come back.
        let recordings = try Parallel.map(lanes) { lane in
            try Lane.Scenario.allCases.map { (scenario: $0, calls: try recording(lane, $0)) }
        }
        let matrix = Matrix(recordings[0])
        #expect(matrix.cases.count >= 150)
        #expect(Set(matrix.calls.map(\.program)).count == 4, "all programs with outside calls are there")
        let cases = chosen(matrix)
        if Self.only == nil { #expect(Set(cases.map(\.kind)).count == FaultKind.allCases.count) }

        var results = Parallel.share(cases, among: lanes) { result(of: $0, in: $1) }
        #expect(results.count == cases.count)
        for index in results.indices where results[index].complaints.isEmpty {
            // Whatever came later, a second order would be there by now.
            results[index].complaints = results[index].verdict()?.complaints.map { "later: \($0)" } ?? []
        }
        for result in results { for complaint in result.complaints { Issue.record("\(result.name): \(complaint)") } }
        let ends = Dictionary(grouping: results, by: \.end).mapValues(\.count).sorted { $0.value > $1.value }
        let broken = results.count { !$0.complaints.isEmpty }
        print(
            """
            matrix: \(matrix.calls.count) calls × \(FaultKind.allCases.count) faults make \(matrix.cases.count) cases; \
            \(results.count - broken) passed, \(broken) failed in \(Int(Date().timeIntervalSince(start))) s; \
            ends: \(ends.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            """)
    }

    private func chosen(_ matrix: Matrix) -> [Matrix.Case] {
        if let only = Self.only { return matrix.cases.filter { $0.name.contains(only) } }
        return Self.isWhole ? matrix.cases : matrix.quick
    }

    private func recording(_ lane: Lane, _ scenario: Lane.Scenario) throws -> [OutsideCall] {
        let outcome = try lane.run(scenario)
        let verdict = verdict(outcome, scenario, lane)
        try #require((verdict.complaints + [outcome.complaint].compactMap(\.self)).isEmpty)
        return outcome.calls
    }

    private func verdict(_ outcome: Lane.Outcome, _ scenario: Lane.Scenario, _ lane: Lane) -> Verdict {
        Verdict(lane.world, order: outcome.order, client: outcome.client, endingAs: [scenario.end])
    }

    private struct Outcome: Sendable {
        var name: String
        var end: String
        var complaints: [String]
        /// The verdict as of now.
        var verdict: @Sendable () -> Verdict?
    }

    private func result(of one: Matrix.Case, in lane: Lane) -> Outcome {
        do {
            let outcome = try lane.run(one.scenario, one.plan)
            let first = verdict(outcome, one.scenario, lane)
            var complaints = first.complaints
            if let complaint = outcome.complaint { complaints.insert(complaint, at: 0) }
            if !outcome.incidents.contains(where: { $0.call.name == one.plan.call.name }) {
                complaints.append("the trouble never came")
            }
            if Self.only != nil { tell(one, outcome, lane) }
            return Outcome(
                name: one.name, end: first.end, complaints: complaints,
                verdict: { verdict(outcome, one.scenario, lane) })
        } catch {
            return Outcome(name: one.name, end: "none", complaints: ["\(error)"], verdict: { nil })
        }
    }

    private func tell(_ one: Matrix.Case, _ outcome: Lane.Outcome, _ lane: Lane) {
        let lines = lane.world.stack.journal.lines.filter { $0.text.contains(outcome.order) }
        print(one.name, lines.map { "\($0.source) \($0.text)" }.joined(separator: "\n"), separator: "\n")
        print(outcome.calls.map(\.name).joined(separator: ", "))
    }
}
