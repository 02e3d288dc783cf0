import JSON

/// What happened in an incident, for a person to read.
struct DrillReport {
    enum Kind: String {
        case did = "done"
        case alert
        case alarmBegan = "ALARM"
        case alarmEnded = "ok"
    }

    struct Line {
        var minute: Int
        var kind: Kind
        var text: String
    }

    let incident: Incident
    var lines: [Line] = []
    var violations: [String] = []
    var recovery = "-"
    var provisioned = 0
    var unjudgedAlarms: [String] = []

    init(_ incident: Incident) { self.incident = incident }

    mutating func add(_ minute: Int, _ kind: Kind, _ text: String) {
        lines.append(Line(minute: minute, kind: kind, text: text))
    }

    mutating func addAlert(_ minute: Int, _ alert: JSON) {
        let code = alert["errorCode"]?.string.map { " (\($0))" } ?? ""
        add(minute, .alert, (alert["message"]?.string ?? "") + code)
    }

    /// Their texts.
    var alerts: [String] { texts(.alert) }
    /// The names of those that rang.
    var alarms: [String] { texts(.alarmBegan) }

    private func texts(_ kind: Kind) -> [String] { lines.filter { $0.kind == kind }.map(\.text) }

    var story: String {
        let lines = lines.map { line in
            let time = "\(twoDigits(line.minute / 60)):\(twoDigits(line.minute % 60))"
            return "  \(time)  \(line.kind.rawValue.padded(to: 5))  \(line.text)"
        }
        let faults = violations.map { "  WRONG  \($0)" }
        return (["\(incident.name): \(incident.title)"] + lines + faults).joined(separator: "\n") + "\n"
    }

    static func table(_ reports: [DrillReport]) -> String {
        let rows = reports.map { report in
            [
                report.incident.name, list(report.alarms), String(report.alerts.count), report.recovery,
                String(report.provisioned), report.violations.isEmpty ? "as it must" : "WRONG",
            ]
        }
        let header = ["incident", "alarms", "alerts", "recovery after the repair", "Provisioned", "ended"]
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let texts = all.map { row in
            "| " + zip(row, widths).map { $0.padded(to: $1) }.joined(separator: " | ") + " |"
        }
        let line = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
        return ([texts[0], line] + texts.dropFirst()).joined(separator: "\n") + "\n"
    }

    private static func list(_ alarms: [String]) -> String {
        alarms.isEmpty ? "-" : Set(alarms).sorted().joined(separator: ", ")
    }
}

private func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
