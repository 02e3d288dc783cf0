import Foundation
import LocalStack
import Testing

/// The fault matrix. `PROVE=matrix` runs the whole of it, as deploy/prove does.
@Suite struct MatrixTests {
    private static let isWhole = ProcessInfo.processInfo.environment["PROVE"] == "matrix"
    private static let lanes = isWhole ? 6 : 4

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
        let cases = only.map { part in matrix.cases.filter { $0.name.contains(part) } } ?? (Self.isWhole ? matrix.cases : matrix.quick)
        #expect(Set(cases.map(\.kind)).count == FaultKind.allCases.count)

        let results = Parallel.share(cases, among: lanes) { result(of: $0, in: $1) }
        for result in results { for complaint in result.complaints { Issue.record("\(complaint)") } }
        // Whatever came later, a second order would be there by now.
        for result in results {
            let later = result.verdict()?.complaints ?? []
            if result.complaints.isEmpty, !later.isEmpty { Issue.record("\(result.name), later: \(later)") }
        }
        let ends = Dictionary(grouping: results, by: \.end).mapValues(\.count).sorted { $0.value > $1.value }
        let broken = results.count { !$0.complaints.isEmpty }
        print(
            """
            \(results.filter { $0.end != "Provisioned" }.map { "\($0.name) → \($0.end)" }.joined(separator: "\n"))
            matrix: \(matrix.calls.count) calls × \(FaultKind.allCases.count) faults = \(matrix.cases.count) cases; \
            \(cases.count) run, \(broken) broken, \(Int(Date().timeIntervalSince(start))) s; \
            ends: \(ends.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            """)
    }

    private struct Result: Sendable {
        var name: String
        var end: String
        var complaints: [String]
        var verdict: @Sendable () -> Verdict?
    }

    private let only = ProcessInfo.processInfo.environment["PROVE_CASE"]

    private func recording(_ lane: Lane, _ scenario: Lane.Scenario) throws -> [OutsideCall] {
        let outcome = try lane.run(scenario)
        let verdict = Verdict(lane.world, order: outcome.order, client: outcome.client)
        try #require(outcome.complaint == nil && verdict.complaints.isEmpty && verdict.end == "Provisioned")
        return outcome.calls
    }

    private func result(of one: Matrix.Case, in lane: Lane) -> Result {
        do {
            let outcome = try lane.run(one.scenario, (one.place, one.trouble))
            let verdict = Verdict(lane.world, order: outcome.order, client: outcome.client)
            var complaints = verdict.complaints
            if let complaint = outcome.complaint { complaints.insert(complaint, at: 0) }
            if !outcome.incidents.contains(where: { $0.call.name == one.place && $0.trouble == one.trouble }) {
                complaints.append("the trouble never came")
            }
            if only != nil { print(lane.world.stack.journal.lines.filter { $0.text.contains(outcome.order) || $0.source == "moto" }.map { "\($0.source) \($0.text)" }.joined(separator: "\n")); print((try? lane.world.ledgerItem(outcome.order)) ?? [:]); print(outcome.calls.map(\.name)) }
            return Result(
                name: one.name, end: verdict.end, complaints: complaints.map { "\(one.name): \($0)" },
                verdict: { Verdict(lane.world, order: outcome.order, client: outcome.client) })
        } catch {
            return Result(name: one.name, end: "none", complaints: ["\(one.name): \(error)"], verdict: { nil })
        }
    }
}
