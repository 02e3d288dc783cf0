import Basics
import JSON

/// A CloudWatch metric.
public struct Metric: Sendable {
    public var name: String
    /// `Count`, `Milliseconds` …
    public var unit: String
    public var value: Double

    public init(_ name: String, _ unit: String, _ value: Double) {
        self.name = name
        self.unit = unit
        self.value = value
    }
}

extension Log {
    /// Writes metrics as a log line in CloudWatch's "Embedded metric format". No dimensions: an order id as a dimension
    /// would make, and cost, a metric for each order.
    public func metrics(_ metrics: [Metric], namespace: String, now: Timestamp) {
        let names = metrics.map { JSON.object(["Name": .string($0.name), "Unit": .string($0.unit)]) }
        var line: [String: JSON] = [
            "_aws": [
                "Timestamp": .number(now.milliseconds),
                "CloudWatchMetrics": [
                    ["Namespace": .string(namespace), "Dimensions": [[]], "Metrics": .array(names)]
                ],
            ]
        ]
        for metric in metrics { line[metric.name] = .number(metric.value) }
        info("metrics", line)
    }
}
