import Basics
import JSON

/// What CloudWatch knows of a metric before its first value.
public struct Metric: Sendable {
    /// CloudWatch's words ("MetricDatum").
    public enum Unit: String, Sendable {
        case count = "Count"
        case milliseconds = "Milliseconds"
        case seconds = "Seconds"
        case percent = "Percent"
        case none = "None"
    }

    public let name: String
    public let unit: Unit
    /// The names of the dimensions beside `Stack`: one list for each way in which CloudWatch counts a value.
    public let dimensionSets: [[String]]

    public init(_ name: String, _ unit: Unit, by dimensionSets: [String]...) {
        self.name = name
        self.unit = unit
        self.dimensionSets = dimensionSets.isEmpty ? [[]] : dimensionSets
    }
}

/// Collects the metrics of an invocation, and writes them to the log in CloudWatch's "Embedded metric format".
///
/// Each combination of dimension values is, and costs, a metric of its own: no value may be an id or a sender's text.
public final class Metrics {
    private let stack: String
    private var lines: [Line] = []

    /// - Parameter stack: the dimension that keeps apart the stacks of an account.
    public init(stack: String) {
        self.stack = stack
    }

    /// - Parameter dimensions: the values of all dimensions of the metric's sets.
    public func add(_ metric: Metric, _ value: Double, _ dimensions: [String: String] = [:]) {
        for index in lines.indices where lines[index].hasRoom(for: metric, dimensions) {
            return lines[index].add(metric, value, dimensions)
        }
        var line = Line(stack: stack)
        line.add(metric, value, dimensions)
        lines.append(line)
    }

    /// No time is negative, although the clocks of two machines may say so.
    public func add(_ metric: Metric, _ value: Int = 1, _ dimensions: [String: String] = [:]) {
        add(metric, Double(max(0, value)), dimensions)
    }

    /// Runs the function, and adds how long it took, also when it throws.
    public func measure<Result, Failure>(
        _ metric: Metric, _ now: () -> Timestamp, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = now()
        defer { add(metric, now() - start) }
        return try body()
    }

    /// Writes what was collected, in as few lines as the format allows, and begins anew.
    public func write(to log: Log, now: Timestamp) {
        for line in lines { log.metrics(line.members(now)) }
        lines = []
    }
}

/// One log line. Its members are the dimensions and the metrics, so that a dimension has one value in it.
private struct Line {
    /// The format's limit.
    private static let mostValues = 100

    private var dimensions: [String: String]
    private var values: [(metric: Metric, values: [Double])] = []

    init(stack: String) {
        dimensions = ["Stack": stack]
    }

    func hasRoom(for metric: Metric, _ dimensions: [String: String]) -> Bool {
        dimensions.allSatisfy { name, value in (self.dimensions[name] ?? value) == value }
            && values.allSatisfy { $0.metric.name != metric.name || $0.values.count < Self.mostValues }
    }

    mutating func add(_ metric: Metric, _ value: Double, _ dimensions: [String: String]) {
        self.dimensions.merge(dimensions) { $1 }
        if let index = values.firstIndex(where: { $0.metric.name == metric.name }) {
            values[index].values.append(value)
        } else {
            values.append((metric, [value]))
        }
    }

    func members(_ now: Timestamp) -> [String: JSON] {
        var members = dimensions.mapValues(JSON.string)
        for (metric, values) in values {
            members[metric.name] = values.count == 1 ? .number(values[0]) : .array(values.map(JSON.number))
        }
        members["_aws"] = ["Timestamp": .milliseconds(now), "CloudWatchMetrics": .array(directives)]
        return members
    }

    /// Metrics with the same dimensions share a directive.
    private var directives: [JSON] {
        var directives: [(dimensionSets: [[String]], metrics: [JSON])] = []
        for (metric, _) in values {
            let definition: JSON = ["Name": .string(metric.name), "Unit": .string(metric.unit.rawValue)]
            if let index = directives.firstIndex(where: { $0.dimensionSets == metric.dimensionSets }) {
                directives[index].metrics.append(definition)
            } else {
                directives.append((metric.dimensionSets, [definition]))
            }
        }
        return directives.map { sets, metrics in
            let sets = sets.map { JSON.array((["Stack"] + $0).map(JSON.string)) }
            return ["Namespace": "Orders", "Dimensions": .array(sets), "Metrics": .array(metrics)]
        }
    }
}
