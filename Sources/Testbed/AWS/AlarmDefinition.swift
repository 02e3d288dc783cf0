/// An alarm as template.yaml defines it. moto stores alarms and never raises one.
public struct AlarmDefinition: Sendable, Decodable, Equatable {
    /// Without the stack's name: `orders-overdue`.
    public var name: String
    /// Nil for an alarm over a metric-math expression.
    public var rule: Rule?

    /// The properties of `AWS::CloudWatch::Alarm`.
    public struct Rule: Sendable, Decodable, Equatable {
        public var namespace: String
        public var metric: String
        public var dimensions: [String: String]
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
            namespace: String, metric: String, dimensions: [String: String] = [:], statistic: String,
            periodSeconds: Int, evaluationPeriods: Int, datapointsToAlarm: Int, threshold: Double, comparison: String,
            missingData: String
        ) {
            self.namespace = namespace
            self.metric = metric
            self.dimensions = dimensions
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
