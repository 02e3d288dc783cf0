import JSON
import Testbed

/// CloudWatch's metrics, minute by minute.
struct MetricStore {
    typealias Metric = AlarmDefinition.Metric

    private var points: [Metric: [Int: [Double]]] = [:]

    mutating func add(_ value: Double, _ metric: Metric, minute: Int) {
        points[metric, default: [:]][minute, default: []].append(value)
    }

    /// Adds the metrics of a log line in CloudWatch's "Embedded metric format"; other lines have none.
    mutating func add(logLine line: JSON, minute: Int) {
        for directive in line["_aws"]?["CloudWatchMetrics"]?.array ?? [] {
            let names = (directive["Metrics"]?.array ?? []).compactMap { $0["Name"]?.string }
            for dimensions in (directive["Dimensions"]?.array ?? []).compactMap(\.array) {
                let pairs = dimensions.compactMap(\.string).map { ($0, line[$0]?.stringOrNumber ?? "") }
                for name in names {
                    let values = line[name]?.array ?? [line[name]].compactMap(\.self)
                    for case .number(let value) in values {
                        let metric = Metric(
                            namespace: directive["Namespace"]?.string ?? "", name: name,
                            dimensions: Dictionary(pairs) { $1 })
                        add(value, metric, minute: minute)
                    }
                }
            }
        }
    }

    /// The values of the minutes.
    func values(_ metrics: [Metric], minutes: ClosedRange<Int>) -> [Double] {
        metrics.compactMap { points[$0] }.flatMap { points in minutes.flatMap { points[$0] ?? [] } }
    }
}
