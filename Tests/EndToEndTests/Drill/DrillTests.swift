import Foundation
import JSON
import TestSupport
import Testbed
import Testing

/// The incident drill. `PROVE=drill` plays all incidents, or those of `PROVE_INCIDENTS`, as deploy/drill does.
@Suite struct DrillTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isLong = environment["PROVE"] == "drill"
    private static let short: Set = ["bus-unreachable", "ledger-restored"]
    private static let named = Set((environment["PROVE_INCIDENTS"] ?? "").split(separator: " ").map(String.init))

    @Test("Every incident ends as it must: with its alarms, and with each order provisioned once or Failed")
    func drill() throws {
        let wanted = Self.isLong ? Self.named : Self.short
        let incidents = Incident.all.filter { wanted.isEmpty || wanted.contains($0.name) }
        #expect(wanted.subtracting(incidents.map(\.name)) == [], "unknown incidents")
        let file = packageRoot.appending(path: ".local/drill.txt")
        var reports: [DrillReport] = []
        var text = ""
        for incident in incidents {
            let report = play(incident)
            reports.append(report)
            text += report.story + "\n"
            for violation in report.violations { Issue.record("\(incident.name), \(violation)") }
        }
        text += DrillReport.table(reports)
        let unjudged = Set(reports.flatMap(\.unjudgedAlarms)).sorted()
        if !unjudged.isEmpty {
            text += "not judged, because they need metric math: \(unjudged.joined(separator: ", "))\n"
        }
        try Data(text.utf8).write(to: file)
        let failed = reports.count { !$0.violations.isEmpty }
        print("drill: \(reports.count - failed) passed, \(failed) failed")
    }

    @Test("deploy/drill names every incident")
    func theScriptNamesEveryIncident() throws {
        let script = try String(contentsOf: packageRoot.appending(path: "deploy/drill"), encoding: .utf8)
        let known = script.split(separator: "\n").first { $0.contains(" | ") }?.split(separator: ")").first ?? ""
        #expect(known.split { " |".contains($0) }.map(String.init) == Incident.all.map(\.name))
    }

    /// An incident that throws has failed, and is told as far as it went.
    private func play(_ incident: Incident) -> DrillReport {
        let start = Date()
        var report = DrillReport(incident)
        do {
            let stage = try DrillStage(incident)
            defer { stage.testbed.stop() }
            do { try incident.play(stage) } catch { stage.expect(false, "\(error)") }
            report = stage.report
        } catch {
            report.violations.append("\(error)")
        }
        print("drill: \(incident.name) took \(Int(Date().timeIntervalSince(start).rounded())) s")
        return report
    }
}
