import AWS
import Foundation
import JSON

/// Lambda's event source mapping of a queue: invokes the function with the queue's messages, at most so many times at
/// once, and deletes those that succeeded. The others stay hidden until their visibility timeout ends.
final class EventSourceMapping: Sendable {
    private let mapping: FunctionDefinition.QueueMapping
    private let function: LambdaFunction
    private let account: AWS.Account
    private let timeScale: Double
    private let journal: Journal
    private let atWork = Monitor(0)

    /// `timeScale` multiplies what is left of a visibility timeout after a failure, so that tests need not wait.
    init(
        _ mapping: FunctionDefinition.QueueMapping, of function: LambdaFunction, account: AWS.Account,
        timeScale: Double, journal: Journal
    ) {
        self.mapping = mapping
        self.function = function
        self.account = account
        self.timeScale = timeScale
        self.journal = journal
    }

    /// A poller of its own, which is to be stopped.
    func start() -> QueuePoller {
        QueuePoller(
            function.definition.name, queueUrl: mapping.queueUrl, account: account, journal: journal, poll: poll)
    }

    /// Receives no more messages than may be at work, so that none waits with its visibility timeout running.
    private func poll(_ sqs: SQSQueue) throws {
        let most = mapping.maximumConcurrency ?? 10
        let free = atWork.wait(until: Date(timeIntervalSinceNow: 1)) { $0 < most ? most - $0 : nil }
        guard let free else { return }
        var rest = try sqs.receive(free * mapping.batchSize, waiting: 1)[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(mapping.batchSize))
            rest = rest.dropFirst(mapping.batchSize)
            atWork.with { $0 += 1 }
            onThread("batch of \(function.definition.name)") { [self] in
                handle(batch)
                atWork.with { $0 -= 1 }
            }
        }
    }

    /// Whether no message is at work, waits, or will come again.
    var isIdle: Bool {
        guard atWork.with({ $0 == 0 }) else { return false }
        return (try? SQSQueue(mapping.queueUrl, account, .live()).count()) == 0
    }

    private func handle(_ batch: [SQSQueue.Message]) {
        let visible = Date(timeIntervalSinceNow: TimeInterval(mapping.visibilityTimeoutSeconds))
        let result = try? function.invoke(event(batch).bytes)
        guard !function.isStopped else { return }
        let failed = failures(result, of: batch)
        let wait = Int((max(0, visible.timeIntervalSinceNow) * timeScale).rounded())
        let sqs = SQSQueue(mapping.queueUrl, account, .live())
        do {
            for message in batch {
                guard failed.contains(message.id) else {
                    try sqs.delete(message)
                    continue
                }
                journal.write(
                    function.definition.name, "Message \(message.id) failed; it is visible again in \(wait) s.")
                try sqs.show(message, in: wait)
            }
        } catch {
            journal.write(function.definition.name, "The queue refused the result of a message: \(error)")
        }
    }

    /// The ids of the messages that failed: all of them when the invocation failed, or when its answer names another.
    private func failures(_ result: InvocationResult?, of batch: [SQSQueue.Message]) -> Set<String> {
        let all = Set(batch.map(\.id))
        guard let result, result.errorType == nil else { return all }
        guard mapping.reportsItemFailures else { return [] }
        let named = (result.json["batchItemFailures"]?.array ?? []).map { $0["itemIdentifier"]?.string ?? "" }
        return all.isSuperset(of: named) ? Set(named) : all
    }

    private func event(_ batch: [SQSQueue.Message]) -> JSON {
        let records: [JSON] = batch.map { message in
            [
                "messageId": .string(message.id), "receiptHandle": .string(message.receipt),
                "body": .string(TestbedAccount.completed(message.body)),
                "attributes": .object(message.attributes), "messageAttributes": [:],
                "md5OfBody": .string(message.md5OfBody), "eventSource": "aws:sqs",
                "eventSourceARN": .string(mapping.queueArn), "awsRegion": .string(TestbedAccount.region),
            ]
        }
        return ["Records": .array(records)]
    }
}
