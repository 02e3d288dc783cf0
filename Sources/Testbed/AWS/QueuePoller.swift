import AWS
import Foundation

/// Polls a queue on a thread of its own until it is stopped.
final class QueuePoller: Sendable {
    private let isStopped = Monitor(false)
    private let hasEnded = Monitor(false)

    /// - Parameter poll: receives from the queue, and waits for at most a second. It is called again and again.
    init(
        _ name: String, queueUrl: String, account: AWS.Account, journal: Journal,
        poll: @escaping @Sendable (SQSQueue) throws -> Void
    ) {
        onThread("queue of \(name)") { [self] in
            let sqs = SQSQueue(queueUrl, account, .live())
            while !isStopped.with({ $0 }) {
                do {
                    try poll(sqs)
                } catch {
                    if isStopped.wait(until: Date(timeIntervalSinceNow: 0.2), { $0 ? true : nil }) == true { break }
                    journal.write("queue of \(name)", "\(error)")
                }
            }
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
}

extension QueuePoller {
    /// Carries events from the queue that stands for a function in a rule. As for EventBridge, an event is done when
    /// Lambda has accepted it.
    convenience init(
        rule queue: FunctionDefinition.RuleQueue, of function: HostedFunction, account: AWS.Account, journal: Journal
    ) {
        self.init(queue.rule, queueUrl: queue.queueUrl, account: account, journal: journal) { sqs in
            // moto answers a long poll as soon as a message arrives.
            for message in try sqs.receive(waiting: 1) {
                function.asyncInvoker.accept(Array(TestbedAccount.completed(message.body).utf8))
                try sqs.delete(message)
            }
        }
    }
}
