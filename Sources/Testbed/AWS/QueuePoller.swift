import AWS
import Foundation
import JSON

/// Carries events from a rule's queue to the rule's function. As EventBridge, it is done with an event when Lambda has
/// accepted it.
final class QueuePoller: Sendable {
    /// An event that a rule delivered.
    struct Delivery: Sendable {
        var function: String
        var event: JSON
    }

    private let queue: FunctionDefinition.RuleQueue
    private let function: HostedFunction
    private let journal: Journal
    private let onDelivery: @Sendable (Delivery) -> Void
    private let isStopped = Monitor(false)
    private let hasEnded = Monitor(false)

    init(
        _ queue: FunctionDefinition.RuleQueue, of function: HostedFunction, account: AWS.Account, journal: Journal,
        onDelivery: @escaping @Sendable (Delivery) -> Void
    ) {
        self.queue = queue
        self.function = function
        self.journal = journal
        self.onDelivery = onDelivery
        onThread("queue of \(queue.rule)") { [self] in
            let sqs = SQSQueue(queue.queueUrl, account, .live())
            while !isStopped.with({ $0 }) { poll(sqs) }
            hasEnded.with { $0 = true }
        }
    }

    /// Does not wait for the current poll, which ends within a second, or with moto.
    func stop() {
        isStopped.with { $0 = true }
    }

    func waitUntilStopped() {
        _ = hasEnded.wait(until: Date(timeIntervalSinceNow: 5)) { $0 ? true : nil }
    }

    private func poll(_ sqs: SQSQueue) {
        do {
            // moto answers a long poll as soon as a message arrives.
            for message in try sqs.receive(waiting: 1) {
                let event = completed(message.body)
                function.asyncInvoker.accept(event.bytes)
                onDelivery(Delivery(function: function.definition.name, event: event))
                try sqs.delete(message)
            }
        } catch {
            if isStopped.wait(until: Date(timeIntervalSinceNow: 0.2), { $0 ? true : nil }) == true { return }
            journal.write("queue of \(queue.rule)", "\(error)")
        }
    }

    /// The event with its `account`, which moto leaves out.
    private func completed(_ body: [UInt8]) -> JSON {
        guard var members = JSON(body)?.object else { return JSON(body) ?? .null }
        if members["detail-type"] != nil, members["account"] == nil {
            members["account"] = .string(TestbedAccount.id)
        }
        return .object(members)
    }
}
