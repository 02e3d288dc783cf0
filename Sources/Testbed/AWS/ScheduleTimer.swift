import Basics
import Foundation
import JSON

/// EventBridge Scheduler for one schedule.
final class Clockwork: Sendable {
    let schedule: FunctionDefinition.Schedule
    private let target: InvokeAPI.Target
    private let isStopped = Monitor(false)

    init(_ schedule: FunctionDefinition.Schedule, for target: InvokeAPI.Target) {
        self.schedule = schedule
        self.target = target
    }

    /// Fires at every interval from now on, the first time when one has passed.
    func start() {
        onThread("schedule \(schedule.name)") { [self] in
            var next = Date(timeIntervalSinceNow: schedule.seconds)
            while isStopped.wait(until: next, { $0 ? true : nil }) == nil {
                fire()
                next += schedule.seconds
            }
        }
    }

    func fire() {
        target.events.accept(schedule.input.map { Array($0.utf8) } ?? event.bytes)
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
            "account": .string(LocalAccount.id),
            "time": .string(Date().iso8601Seconds),
            "region": .string(LocalAccount.region),
            "resources": [
                .string(
                    "arn:aws:scheduler:\(LocalAccount.region):\(LocalAccount.id):schedule/default/\(schedule.name)")
            ],
            // The scheduler, unlike a rule, sends it as text.
            "detail": "{}",
        ]
    }
}
