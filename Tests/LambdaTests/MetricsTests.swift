import Basics
import JSON
import Lambda
import TestSupport
import Testing

/// CloudWatch's embedded metric format ("Specification: Embedded metric format").
@Suite struct MetricsTests {
    private static let calls = Metric("CallTime", .milliseconds, by: ["Service", "Outcome"])
    private static let requests = Metric("Requests", .count, by: [], ["Outcome"])
    private static let time = Metric("Time", .milliseconds)

    private func lines(level: String? = nil, _ add: (Metrics) -> Void) -> [JSON] {
        let written = Recorder<[UInt8]>()
        let metrics = Metrics(stack: "orders")
        add(metrics)
        let log = Log(level: level, now: { 1_795_169_730_120 }, write: { written.append($0) })
        for _ in 1...2 { metrics.write(to: log, now: 1_795_169_730_120) }
        return written.values.map { JSON($0) ?? .null }
    }

    @Test("The metrics of an invocation are one line, written once") func line() {
        let written = lines { metrics in
            metrics.add(Self.requests, 1, ["Outcome": "Refused"])
            metrics.add(Self.time, 12)
            metrics.add(Self.time, 0.5)
        }
        #expect(
            written == [
                [
                    "_aws": [
                        "Timestamp": 1_795_169_730_120,
                        "CloudWatchMetrics": [
                            [
                                "Namespace": "Orders", "Dimensions": [["Stack"], ["Stack", "Outcome"]],
                                "Metrics": [["Name": "Requests", "Unit": "Count"]],
                            ],
                            [
                                "Namespace": "Orders", "Dimensions": [["Stack"]],
                                "Metrics": [["Name": "Time", "Unit": "Milliseconds"]],
                            ],
                        ],
                    ],
                    "Stack": "orders", "Outcome": "Refused", "Requests": 1, "Time": [12, .number(0.5)],
                    "level": "INFO", "message": "metrics", "timestamp": "2026-11-20T10:15:30.120Z",
                ]
            ])
    }

    /// A line has one member for a dimension.
    @Test("Another value of a dimension takes another line") func dimensions() {
        let written = lines { metrics in
            for outcome in ["Success", "Refused", "Success"] {
                metrics.add(Self.calls, 3, ["Service": "WHMCS", "Outcome": outcome])
            }
            metrics.add(Self.time, 1)
        }
        #expect(written.map { $0["Outcome"] } == ["Success", "Refused"])
        #expect(written.map { $0["CallTime"] } == [[3, 3], 3])
        #expect(written.map { $0["Time"] } == [1, nil])
    }

    @Test("A metric has at most 100 values in a line") func values() {
        let written = lines { metrics in for _ in 1...101 { metrics.add(Self.time, 1) } }
        #expect(written.map { $0["Time"]?.array?.count } == [100, nil])
        #expect(written.last?["Time"] == 1)
    }

    @Test("Without metrics there is no line") func none() { #expect(lines { _ in } == []) }

    /// Lambda drops lines below the function's level, as the program does.
    @Test(
        "No level loses metrics",
        arguments: [("DEBUG", "INFO"), ("INFO", "INFO"), ("WARN", "WARN"), ("ERROR", "ERROR"), ("FATAL", "FATAL")])
    func level(_ level: String, _ expected: String) {
        #expect(lines(level: level) { $0.add(Self.time, 1) }.map { $0["level"]?.string } == [expected])
    }

    @Test("The time of a function that throws counts, too") func failure() {
        struct Failure: Error {}
        var now = FakeHTTPClient.start
        let written = lines { metrics in
            #expect(throws: Failure.self) {
                try metrics.measure(Self.time, { now }) {
                    now += 7
                    throw Failure()
                }
            }
        }
        #expect(written.map { $0["Time"] } == [7])
    }
}
