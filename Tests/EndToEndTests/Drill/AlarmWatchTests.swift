import JSON
import Testbed
import Testing

@Suite struct AlarmWatchTests {
    private static let age = AlarmDefinition.Metric(namespace: "Orders", name: "Age")

    private static func rule(
        period: Int = 60, periods: Int = 1, of datapoints: Int? = nil, _ comparison: String = "GreaterThanThreshold",
        _ statistic: String = "Maximum", threshold: Double = 0, missing: String = "notBreaching"
    ) -> AlarmDefinition.Rule {
        AlarmDefinition.Rule(
            metrics: [age, AlarmDefinition.Metric(namespace: "Orders", name: "Other")], statistic: statistic,
            periodSeconds: period, evaluationPeriods: periods,
            datapointsToAlarm: datapoints ?? periods, threshold: threshold, comparison: comparison,
            missingData: missing)
    }

    /// The alarm, the value of each minute, and the minutes in which it rings.
    static let cases: [(String, AlarmDefinition.Rule, [Double?], [Int])] = [
        ("it rings while the value is above the threshold", rule(threshold: 5), [5, 6, nil, 7, 0], [1, 3]),
        ("ignored missing data keep the state", rule(missing: "ignore"), [nil, 1, nil, nil, 0, nil], [1, 2, 3]),
        ("one data point of three is enough", rule(periods: 3, of: 1), [1, nil, nil, nil], [0, 1, 2]),
        ("two of three are needed", rule(periods: 3, of: 2), [1, 0, 1, 1, 0, 0, 0], [2, 3, 4]),
        (
            "a period of two minutes without data breaches",
            rule(period: 120, "LessThanThreshold", "Sum", threshold: 1, missing: "breaching"),
            [1, nil, nil, 1, 1], [2]
        ),
        (
            "a sum is over the period", rule(period: 120, "GreaterThanOrEqualToThreshold", "Sum", threshold: 3),
            [2, 1, 1, 2], [1, 3]
        ),
        (
            "an average is over the period", rule(period: 120, "LessThanOrEqualToThreshold", "Average", threshold: 1),
            [3, 0, 2, 0], [2, 3]
        ),
    ]

    @Test("An alarm rings as CloudWatch documents it", arguments: cases.indices)
    func rings(_ index: Int) {
        let (name, rule, values, ringing) = Self.cases[index]
        var store = MetricStore()
        var watch = AlarmWatch([AlarmDefinition(name: "age", rule: rule), AlarmDefinition(name: "math", rule: nil)])
        let rung = values.indices.filter { minute in
            if let value = values[minute] { store.add(value, Self.age, minute: minute) }
            _ = watch.look(store, minute: minute)
            return watch.ringing == ["age"]
        }
        #expect(rung == ringing, "\(name)")
        #expect(watch.unjudged == ["math"])
    }

    @Test("A sum over two metrics counts both")
    func sumsMetrics() {
        let errors = ["verify", "provision"].map {
            MetricStore.Metric(namespace: "AWS/Lambda", name: "Errors", dimensions: ["FunctionName": $0])
        }
        var rule = Self.rule("GreaterThanThreshold", "Sum", threshold: 2)
        rule.metrics = errors
        var store = MetricStore()
        var watch = AlarmWatch([AlarmDefinition(name: "errors", rule: rule)])
        store.add(2, errors[0], minute: 0)
        #expect(watch.look(store, minute: 0) == [])
        store.add(1, errors[1], minute: 0)
        #expect(watch.look(store, minute: 0) == [AlarmWatch.Change(alarm: "errors", rings: true)])
    }

    @Test("A log line's metrics have the dimensions that it names")
    func readsMetrics() throws {
        let line = try #require(
            JSON(
                Array(
                    #"""
                    {"_aws": {"CloudWatchMetrics": [{"Namespace": "Orders", "Dimensions": [[], ["Stack"]],
                    "Metrics": [{"Name": "Age"}, {"Name": "Times"}]}]}, "Stack": "orders", "Age": 7, "Times": [1, 2]}
                    """#.utf8)))
        var store = MetricStore()
        store.add(logLine: line, minute: 3)
        store.add(logLine: ["message": "no metrics"], minute: 3)
        func values(_ metric: String, _ dimensions: [String: String]) -> [Double] {
            store.values(
                [MetricStore.Metric(namespace: "Orders", name: metric, dimensions: dimensions)], minutes: 0...3)
        }
        #expect(values("Age", [:]) == [7])
        #expect(values("Age", ["Stack": "orders"]) == [7])
        #expect(values("Times", ["Stack": "orders"]) == [1, 2])
        #expect(values("Age", ["Stack": "other"]) == [])
    }
}
