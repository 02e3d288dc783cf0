import Foundation
import JSON

/// A metric as CloudWatch keeps it: one for each set of dimensions.
struct EmittedMetric: Hashable, CustomStringConvertible {
    var name: String
    var unit: String
    var dimensions: [String]

    var description: String { "\(name) (\(unit)) by \(dimensions.joined(separator: ", "))" }
}

/// What deploy/OBJECTIVES.md says of the metrics: the Python tests hold dashboard, alarms and costs against it.
struct DocumentedMetrics {
    var metrics: Set<EmittedMetric> = []
    /// `Refusals.Code` → every value that it may have.
    var values: [String: Set<String>] = [:]
    /// What makes metrics, with their bytes.
    var sizes: [String: Int] = [:]

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        let text = try String(contentsOf: root.appendingPathComponent("deploy/OBJECTIVES.md"), encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if cells.count == 2 { sizes[cells[0]] = Int(cells[1].filter { $0 != "," }) }
            guard line.hasPrefix("| `") else { continue }
            let name = cells[0].trimmingCharacters(in: ["`"])
            if name.contains(".") {
                values[name] = Set(cells[1].split(separator: ",").map { $0.trimmingCharacters(in: [" ", "`"]) })
            } else if cells.count == 5 {
                for set in cells[2].components(separatedBy: "; ") {
                    metrics.insert(
                        EmittedMetric(name: name, unit: cells[1], dimensions: set.components(separatedBy: ", ")))
                }
            }
        }
    }
}

extension JSON {
    /// The metrics of a log line with the values of their dimensions; nil for a line that CloudWatch could not read.
    var emittedMetrics: [(metric: EmittedMetric, dimensions: [String: String])]? {
        guard let directives = self["_aws"]?["CloudWatchMetrics"]?.array,
            self["_aws"]?["Timestamp"]?.timestamp != nil
        else { return nil }
        var emitted: [(metric: EmittedMetric, dimensions: [String: String])] = []
        for directive in directives {
            guard directive["Namespace"] == "Orders", let sets = directive["Dimensions"]?.array,
                let metrics = directive["Metrics"]?.array
            else { return nil }
            for (set, metric) in sets.flatMap({ set in metrics.map { (set, $0) } }) {
                guard let names = set.array?.compactMap(\.string), let name = metric["Name"]?.string,
                    let unit = metric["Unit"]?.string, self[name]?.isMetricValue == true
                else { return nil }
                var dimensions: [String: String] = [:]
                for dimension in names {
                    guard let value = self[dimension]?.string, !value.isEmpty else { return nil }
                    dimensions[dimension] = value
                }
                emitted.append((EmittedMetric(name: name, unit: unit, dimensions: names), dimensions))
            }
        }
        return emitted
    }

    private var isMetricValue: Bool {
        switch self {
        case .number(let number): number >= 0
        case .array(let values): values.count <= 100 && values.allSatisfy(\.isMetricValue)
        default: false
        }
    }
}
