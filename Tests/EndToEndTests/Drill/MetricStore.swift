import JSON

/// CloudWatch's metrics, minute by minute.
struct MetricStore {
    struct Key: Hashable {
        var namespace: String
        var metric: String
        var dimensions: [String: String]
    }

    private var points: [Key: [Int: [Double]]] = [:]

    mutating func add(_ value: Double, _ key: Key, minute: Int) {
        points[key, default: [:]][minute, default: []].append(value)
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
                        let key = Key(
                            namespace: directive["Namespace"]?.string ?? "", metric: name,
                            dimensions: Dictionary(pairs) { $1 })
                        add(value, key, minute: minute)
                    }
                }
            }
        }
    }

    /// The values of the minutes.
    func values(_ key: Key, minutes: ClosedRange<Int>) -> [Double] {
        let points = points[key] ?? [:]
        return minutes.flatMap { points[$0] ?? [] }
    }
}
