import Testbed

/// Judges the template's alarms as CloudWatch does ("Evaluating an alarm", "Configuring how CloudWatch alarms treat
/// missing data"), from metrics that are complete to the minute.
struct AlarmWatch {
    struct Change: Equatable {
        var alarm: String
        var rings: Bool
    }

    private let alarms: [AlarmDefinition]
    private(set) var ringing: Set<String> = []

    init(_ alarms: [AlarmDefinition]) { self.alarms = alarms }

    /// Those over metric math other than a sum.
    var unjudged: [String] { alarms.filter { $0.rule == nil }.map(\.name) }

    /// The alarms that begin or end with the data up to that minute, included.
    mutating func look(_ store: MetricStore, minute: Int) -> [Change] {
        alarms.compactMap { alarm in
            guard let rule = alarm.rule, let rings = rule.rings(store, minute: minute),
                rings != ringing.contains(alarm.name)
            else { return nil }
            if rings { ringing.insert(alarm.name) } else { ringing.remove(alarm.name) }
            return Change(alarm: alarm.name, rings: rings)
        }
    }
}

extension AlarmDefinition.Rule {
    /// Nil: the alarm keeps its state.
    fileprivate func rings(_ store: MetricStore, minute: Int) -> Bool? {
        let length = max(1, periodSeconds / 60)
        let periods = (0..<evaluationPeriods).map { period in
            let end = minute - period * length
            let value = value(of: store.values(metrics, minutes: (end - length + 1)...end))
            // All was well before the first minute.
            let isMissing = value == nil && end - length + 1 >= 0
            return (value: value, isBreaching: value.map(isBreaching) ?? (isMissing && missingData == "breaching"))
        }
        let keepsState = missingData == "ignore" || missingData == "missing"
        if keepsState, periods.allSatisfy({ $0.value == nil }) { return nil }
        return periods.count(where: \.isBreaching) >= datapointsToAlarm
    }

    private func value(of values: [Double]) -> Double? {
        guard let highest = values.max(), let lowest = values.min() else { return nil }
        let sum = values.reduce(0, +)
        return switch statistic {
        case "Sum": sum
        case "Average": sum / Double(values.count)
        case "Minimum": lowest
        case "SampleCount": Double(values.count)
        default: highest
        }
    }

    private func isBreaching(_ value: Double) -> Bool {
        switch comparison {
        case "GreaterThanOrEqualToThreshold": value >= threshold
        case "LessThanThreshold": value < threshold
        case "LessThanOrEqualToThreshold": value <= threshold
        default: value > threshold
        }
    }
}
