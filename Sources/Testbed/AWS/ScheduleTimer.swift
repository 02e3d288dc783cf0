import Basics
import Foundation
import JSON

/// EventBridge Scheduler, for one schedule of one function.
final class ScheduleTimer: Sendable {
    let schedule: FunctionDefinition.Schedule
    private let function: HostedFunction
    private let interval: TimeInterval
    private let isStopped = Monitor(false)

    /// `timeScale` multiplies the interval.
    init(_ schedule: FunctionDefinition.Schedule, of function: HostedFunction, timeScale: Double) {
        self.schedule = schedule
        self.function = function
        interval = schedule.seconds * timeScale
    }

    /// Fires once an interval from now on, the first time after one interval.
    func start() {
        onThread("schedule \(schedule.name)") { [self] in
            var next = Date(timeIntervalSinceNow: interval)
            while isStopped.wait(until: next, { $0 ? true : nil }) == nil {
                fire()
                next += interval
            }
        }
    }

    func fire() {
        function.asyncInvoker.accept(schedule.input.map { Array($0.utf8) } ?? event.bytes)
    }

    func stop() {
        isStopped.with { $0 = true }
    }

    private var event: JSON {
        [
            "version": "0",
            "id": .string(UUID().uuidString.lowercased()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": .string(TestbedAccount.id),
            "time": .string(Timestamp.now().iso8601Seconds),
            "region": .string(TestbedAccount.region),
            "resources": [
                .string(
                    "arn:aws:scheduler:\(TestbedAccount.region):\(TestbedAccount.id):schedule/default/\(schedule.name)")
            ],
            // The scheduler, unlike a rule, sends it as text.
            "detail": "{}",
        ]
    }
}
