import Basics
import Foundation
import JSON

/// Asynchronous invocation: accepts an event at once, retries it, and sends it to the on-failure queue when every
/// attempt has failed.
final class AsyncInvoker: Sendable {
    /// Sends a body to an SQS queue.
    typealias Send = @Sendable (_ queueUrl: String, _ body: [UInt8]) throws -> Void

    /// Before the second and the third attempt.
    private static let delays: [TimeInterval] = [60, 120]

    private enum DiscardReason: String {
        case retriesExhausted = "RetriesExhausted"
        case eventAgeExceeded = "EventAgeExceeded"
    }

    private let function: LambdaFunction
    private let timeScale: Double
    private let journal: Journal
    private let send: Send
    private let isStopped = Monitor(false)
    private let pending = Monitor(0)

    /// `timeScale` multiplies the delays, so that tests need not wait for minutes.
    init(_ function: LambdaFunction, timeScale: Double, journal: Journal, send: @escaping Send) {
        self.function = function
        self.timeScale = timeScale
        self.journal = journal
        self.send = send
    }

    /// Accepts the event. Returns its request id, which is the same for all attempts.
    @discardableResult
    func accept(_ payload: [UInt8]) -> String {
        let invocation = Invocation(payload: payload)
        pending.with { $0 += 1 }
        onThread("async \(function.definition.name)") { [self] in
            handle(invocation)
            pending.with { $0 -= 1 }
        }
        return invocation.requestId
    }

    var isIdle: Bool { pending.with { $0 == 0 } }

    /// Drops the events that wait for another attempt.
    func stop() {
        isStopped.with { $0 = true }
    }

    private func handle(_ invocation: Invocation) {
        let definition = function.definition
        let expiry = Date(timeIntervalSinceNow: TimeInterval(definition.maximumEventAgeSeconds))
        var last: InvocationResult?
        for attempt in 0...max(0, definition.maximumRetryAttempts) {
            if attempt > 0, wait(Self.delays[min(attempt, Self.delays.count) - 1]) { return }
            // Throttling is no failure: the event waits for a process until it expires.
            guard let result = try? function.run(invocation, waitingUntil: expiry) else {
                return discard(invocation, .eventAgeExceeded, attempts: attempt, last)
            }
            guard result.errorType != nil else { return }
            last = result
        }
        discard(invocation, .retriesExhausted, attempts: max(0, definition.maximumRetryAttempts) + 1, last)
    }

    /// Returns true when `stop` ends the wait.
    private func wait(_ seconds: TimeInterval) -> Bool {
        isStopped.wait(until: Date(timeIntervalSinceNow: seconds * timeScale)) { $0 ? true : nil } ?? false
    }

    private func discard(_ invocation: Invocation, _ reason: DiscardReason, attempts: Int, _ last: InvocationResult?) {
        guard !isStopped.with({ $0 }), !function.isStopped else { return }
        let name = function.definition.name
        guard let queue = function.definition.onFailureQueueUrl else {
            return journal.write(
                name, "Event \(invocation.requestId) is dropped (\(reason.rawValue)): there is no on-failure queue.")
        }
        do {
            try send(queue, record(of: invocation, reason, attempts: attempts, last).bytes)
            journal.write(name, "Event \(invocation.requestId) went to the on-failure queue (\(reason.rawValue)).")
        } catch {
            journal.write(name, "Event \(invocation.requestId) is lost: the on-failure queue refused it: \(error)")
        }
    }

    /// The record that Lambda sends to a destination.
    private func record(of invocation: Invocation, _ reason: DiscardReason, attempts: Int, _ last: InvocationResult?)
        -> JSON
    {
        var record: [String: JSON] = [
            "version": "1.0",
            "timestamp": .string(Timestamp.now().iso8601),
            "requestContext": [
                "requestId": .string(invocation.requestId),
                "functionArn": .string(function.definition.arn + ":$LATEST"),
                "condition": .string(reason.rawValue),
                "approximateInvokeCount": .number(attempts),
            ],
            "requestPayload": JSON(invocation.payload) ?? .null,
        ]
        if let last {
            record["responseContext"] = [
                "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
            ]
            record["responsePayload"] = last.json
        }
        return .object(record)
    }
}
