import AWS
import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@testable import Testbed

/// A queue in moto, and its mapping to a scripted function.
@Suite struct EventSourceMappingTests {
    private let account: AWS.Account
    private let queue: String
    private let letters: String
    private let journal = Journal()

    init() throws {
        let moto = try MotoServer.shared.get()
        account = AWS.Account(TestbedAccount.environment(endpoint: moto.url, lambda: moto.url))
        let sqs = AWSService(
            name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: account, http: .live())
        func create(_ attributes: JSON) throws -> String {
            let answer = try sqs.call(
                "CreateQueue", ["QueueName": .string(UUID().uuidString), "Attributes": attributes])
            return answer["QueueUrl"]?.string ?? ""
        }
        letters = try create([:])
        let arn =
            "arn:aws:sqs:\(TestbedAccount.region):\(TestbedAccount.id):\(letters.split(separator: "/").last ?? "")"
        queue = try create(["RedrivePolicy": .string(#"{"deadLetterTargetArn":"\#(arn)","maxReceiveCount":2}"#)])
    }

    private func sqs(_ url: String) -> SQSQueue { SQSQueue(url, account, .live()) }

    private func send(_ messages: [JSON]) throws {
        for message in messages { try sqs(queue).send(message.bytes) }
    }

    /// Runs a mapping while `body` runs.
    private func withMapping(
        batchSize: Int = 1, maximumConcurrency: Int = 2, visibilityTimeout: Int = 30, timeScale: Double = 0,
        _ body: (EventSourceMapping) throws -> Void
    ) throws {
        let mapping = FunctionDefinition.QueueMapping(
            queueUrl: queue, queueArn: "arn", visibilityTimeoutSeconds: visibilityTimeout, batchSize: batchSize,
            maximumConcurrency: maximumConcurrency)
        try withFunction(FunctionDefinition(name: "echo", timeoutSeconds: 2), journal: journal) { function in
            let source = EventSourceMapping(
                mapping, of: function, account: account, timeScale: timeScale, journal: journal)
            let poller = source.start()
            defer {
                poller.stop()
                poller.waitUntilStopped()
            }
            try body(source)
        }
    }

    /// The events that the function has received.
    private var received: [JSON] {
        journal.lines(of: "echo").compactMap { line in
            line.hasPrefix("received ") ? JSON(Array(line.dropFirst("received ".count).utf8)) : nil
        }
    }

    private var receiveCounts: [String] {
        received.compactMap { $0["Records"]?.array?.first?["attributes"]?["ApproximateReceiveCount"]?.string }
    }

    private func wait(_ isReached: () throws -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: 20)
        while Date() < deadline {
            if try isReached() { return }
            usleep(20_000)
        }
        throw TestbedFailure("It did not happen in time.")
    }

    @Test("No more invocations run at once than the mapping allows; the other messages wait in the queue")
    func limitsConcurrency() throws {
        let gate = try Gate()
        try send(Array(repeating: gate.event, count: 5))
        try withMapping(maximumConcurrency: 2) { mapping in
            try wait { received.count == 2 }
            usleep(300_000)
            #expect(received.count == 2)
            #expect(!mapping.isIdle)
            try gate.open()
            try wait { mapping.isIdle }
            #expect(received.count == 5)
            #expect(receiveCounts == Array(repeating: "1", count: 5))
        }
    }

    @Test(
        "A message whose invocation fails is delivered again, and then goes to the dead-letter queue",
        arguments: ["error", "crash", "kill", "hang", "fail-last"])
    func deliversAgain(how: String) throws {
        try send([["do": .string(how)]])
        try withMapping { mapping in
            try wait { mapping.isIdle }
            #expect(receiveCounts == ["1", "2"])
            #expect(try sqs(letters).receive(waiting: 0).map(\.body) == [#"{"do":"\#(how)"}"#])
        }
    }

    @Test("Of a batch only the messages that the answer names are delivered again")
    func deliversTheNamedAgain() throws {
        try send([["do": "fail-last"], ["do": "echo"]])
        try withMapping(batchSize: 2) { mapping in
            try wait { mapping.isIdle }
            #expect(received.map { $0["Records"]?.array?.count } == [2, 1])
        }
    }

    @Test("An answer that names another message fails its whole batch")
    func refusesAnotherMessage() throws {
        try send([["do": "reply", "reply": ["batchItemFailures": [["itemIdentifier": "another"]]]]])
        try withMapping { mapping in
            try wait { mapping.isIdle }
            #expect(receiveCounts == ["1", "2"])
        }
    }

    @Test("A message that failed is hidden until its visibility timeout ends")
    func waitsForTheVisibilityTimeout() throws {
        try send([["do": "error"]])
        try withMapping(visibilityTimeout: 3, timeScale: 1) { mapping in
            try wait { received.count == 1 }
            let first = Date()
            try wait { received.count == 2 }
            #expect(Date().timeIntervalSince(first) > 2)
        }
    }
}
