import AWS
import Foundation
import JSON

/// Carries events from a rule's tap to the function, as EventBridge does: its part ends when Lambda has accepted.
final class TapLine: Sendable {
    /// An event that came through a rule.
    struct Delivery: Sendable {
        var function: String
        var rule: String
        var event: JSON
    }

    private let tap: FunctionDefinition.Tap
    private let target: InvokeAPI.Target
    private let journal: Journal
    private let delivered: @Sendable (Delivery) -> Void
    private let isStopped = Monitor(false)
    private let hasEnded = Monitor(false)

    init(
        _ tap: FunctionDefinition.Tap, to target: InvokeAPI.Target, account: AWS.Account, journal: Journal,
        delivered: @escaping @Sendable (Delivery) -> Void
    ) {
        self.tap = tap
        self.target = target
        self.journal = journal
        self.delivered = delivered
        onThread("tap \(tap.rule)") { [self] in
            let queue = Queue(tap.queueUrl, account, .live())
            while !isStopped.with({ $0 }) { carry(queue) }
            hasEnded.with { $0 = true }
        }
    }

    /// Takes no more. What moto is being asked is answered when moto stops, or within a second.
    func stop() {
        isStopped.with { $0 = true }
    }

    func waitUntilStopped() {
        _ = hasEnded.wait(until: Date(timeIntervalSinceNow: 5)) { $0 ? true : nil }
    }

    private func carry(_ queue: Queue) {
        do {
            // moto wakes a long poll as soon as a message is there.
            for message in try queue.receive(waiting: 1) {
                let event = envelope(message.body)
                target.events.accept(event.bytes)
                delivered(Delivery(function: target.function.definition.name, rule: tap.rule, event: event))
                try queue.delete(message)
            }
        } catch {
            if isStopped.wait(until: Date(timeIntervalSinceNow: 0.2), { $0 ? true : nil }) == true { return }
            journal.write("tap \(tap.rule)", "\(error)")
        }
    }

    /// The event, with the `account` that moto leaves out of it.
    private func envelope(_ body: [UInt8]) -> JSON {
        guard var members = JSON(body)?.object else { return JSON(body) ?? .null }
        if members["detail-type"] != nil, members["account"] == nil {
            members["account"] = .string(LocalAccount.id)
        }
        return .object(members)
    }
}
