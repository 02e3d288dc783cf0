import Basics
import Foundation
import JSON

/// Asynchronous invocation: Lambda takes the event at once, tries it as often as it may, and sends what is left
/// over to the on-failure queue.
public final class AsyncEvents: Sendable {
    /// Sends a body to an SQS queue.
    public typealias Send = @Sendable (_ queueUrl: String, _ body: [UInt8]) throws -> Void

    /// Seconds before the second and the third try.
    private static let delays = [60.0, 120.0]

    private enum Leftover: String {
        case retriesExhausted = "RetriesExhausted"
        case eventAgeExceeded = "EventAgeExceeded"
    }

    private let function: LambdaFunction
    private let timeScale: Double
    private let journal: Journal
    private let send: Send
    private let isStopped = Monitor(false)
    private let underWay = Monitor(0)

    /// Delays are multiplied by `timeScale`, so that a test need not wait minutes.
    public init(_ function: LambdaFunction, timeScale: Double, journal: Journal, send: @escaping Send) {
        self.function = function
        self.timeScale = timeScale
        self.journal = journal
        self.send = send
    }

    /// Accepts the event. Returns its request id, which stays the same through all tries.
    @discardableResult
    public func accept(_ payload: [UInt8], clientContext: String? = nil) -> String {
        let invocation = Invocation(payload: payload, clientContext: clientContext)
        underWay.with { $0 += 1 }
        onThread("async \(function.definition.name)") { [self] in
            handle(invocation)
            underWay.with { $0 -= 1 }
        }
        return invocation.requestId
    }

    var isIdle: Bool { underWay.with { $0 == 0 } }

    /// Gives up the events that wait for another try; the stack is going away.
    public func stop() {
        isStopped.with { $0 = true }
    }

    private func handle(_ invocation: Invocation) {
        let definition = function.definition
        let tooOld = Date(timeIntervalSinceNow: Double(definition.maximumEventAge))
        var last: InvocationResult?
        for attempt in 0...max(0, definition.maximumRetryAttempts) {
            if attempt > 0, wait(Self.delays[min(attempt, Self.delays.count) - 1]) { return }
            // A throttled event is no failed one: it waits for a free process until it is too old.
            guard let result = try? function.run(invocation, waitingUntil: tooOld) else {
                return discard(invocation, .eventAgeExceeded, tries: attempt, last)
            }
            guard result.errorType != nil else { return }
            last = result
        }
        discard(invocation, .retriesExhausted, tries: max(0, definition.maximumRetryAttempts) + 1, last)
    }

    /// True when the stack stopped meanwhile.
    private func wait(_ seconds: Double) -> Bool {
        isStopped.wait(until: Date(timeIntervalSinceNow: seconds * timeScale)) { $0 ? true : nil } ?? false
    }

    private func discard(_ invocation: Invocation, _ why: Leftover, tries: Int, _ last: InvocationResult?) {
        guard !isStopped.with({ $0 }), !function.isStopped else { return }
        let name = function.definition.name
        guard let queue = function.definition.onFailureQueueUrl else {
            return journal.write(
                name, "Event \(invocation.requestId) is dropped (\(why.rawValue)): no on-failure queue.")
        }
        do {
            try send(queue, record(of: invocation, why, tries: tries, last).bytes)
            journal.write(name, "Event \(invocation.requestId) went to the on-failure queue (\(why.rawValue)).")
        } catch {
            journal.write(name, "Event \(invocation.requestId) is lost, the on-failure queue refused it: \(error)")
        }
    }

    /// The record that Lambda sends to a destination.
    private func record(of invocation: Invocation, _ why: Leftover, tries: Int, _ last: InvocationResult?) -> JSON {
        var record: [String: JSON] = [
            "version": "1.0",
            "timestamp": .string(Date().iso8601),
            "requestContext": [
                "requestId": .string(invocation.requestId),
                "functionArn": .string(function.definition.arn + ":$LATEST"),
                "condition": .string(why.rawValue),
                "approximateInvokeCount": .number(tries),
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

extension Date {
    /// `2026-11-20T12:00:00.000Z`
    var iso8601: String { formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

    /// `2026-11-20T12:00:00Z`
    var iso8601Seconds: String { formatted(Date.ISO8601FormatStyle()) }
}
