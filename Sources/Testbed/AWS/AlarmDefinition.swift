/// An alarm as template.yaml defines it. moto stores alarms and never raises one.
public struct AlarmDefinition: Sendable, Decodable, Equatable {
    /// Without the stack's name: `orders-overdue`.
    public var name: String
    /// Nil for an alarm over metric math other than a sum.
    public var rule: Rule?

    public struct Metric: Sendable, Decodable, Hashable {
        public var namespace: String
        public var name: String
        public var dimensions: [String: String]

        public init(namespace: String, name: String, dimensions: [String: String] = [:]) {
            self.namespace = namespace
            self.name = name
            self.dimensions = dimensions
        }
    }

    /// The properties of `AWS::CloudWatch::Alarm`.
    public struct Rule: Sendable, Decodable, Equatable {
        /// Of several the sum counts.
        public var metrics: [Metric]
        /// `Sum`, `Maximum` …
        public var statistic: String
        public var periodSeconds: Int
        public var evaluationPeriods: Int
        public var datapointsToAlarm: Int
        public var threshold: Double
        /// `GreaterThanThreshold` …
        public var comparison: String
        /// `breaching`, `notBreaching`, `ignore` or `missing`.
        public var missingData: String

        public init(
            metrics: [Metric], statistic: String, periodSeconds: Int, evaluationPeriods: Int, datapointsToAlarm: Int,
            threshold: Double, comparison: String,
            missingData: String
        ) {
            self.metrics = metrics
            self.statistic = statistic
            self.periodSeconds = periodSeconds
            self.evaluationPeriods = evaluationPeriods
            self.datapointsToAlarm = datapointsToAlarm
            self.threshold = threshold
            self.comparison = comparison
            self.missingData = missingData
        }
    }

    public init(name: String, rule: Rule?) {
        self.name = name
        self.rule = rule
    }
}
