import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct LambdaAsyncTests {
    private struct Sent: Sendable {
        var queue: String
        var record: JSON
    }

    /// Gives the function one asynchronous event and waits for what comes to the on-failure queue.
    private func leftover(_ definition: FunctionDefinition, _ payload: JSON, _ journal: Journal) -> Sent? {
        withFunction(definition, journal: journal) { function in
            let sent = Monitor<Sent?>(nil)
            let events = AsyncEvents(function, timeScale: 0, journal: journal) { queue, body in
                sent.with { $0 = Sent(queue: queue, record: JSON(body) ?? .null) }
            }
            events.accept(payload.bytes)
            return sent.wait(until: Date(timeIntervalSinceNow: 20)) { $0 }
        }
    }

    @Test func triesThreeTimesThenSendsTheDestinationRecord() throws {
        let journal = Journal()
        let definition = FunctionDefinition(name: "echo", onFailureQueueUrl: "http://127.0.0.1/dlq")
        let sent = try #require(leftover(definition, ["do": "error"], journal))
        #expect(sent.queue == "http://127.0.0.1/dlq")
        #expect(journal.lines(of: "echo").filter { $0 == "event error" }.count == 3)
        #expect(sent.record["version"] == "1.0")
        #expect(sent.record["requestPayload"] == ["do": "error"])
        #expect(sent.record["requestContext"]?["condition"] == "RetriesExhausted")
        #expect(sent.record["requestContext"]?["approximateInvokeCount"] == 3)
        #expect(sent.record["requestContext"]?["functionArn"]?.string?.hasSuffix(":function:echo:$LATEST") == true)
        #expect(sent.record["responseContext"]?["functionError"] == "Unhandled")
        #expect(sent.record["responsePayload"]?["errorType"] == "Function.Refused")
    }

    @Test func aCrashIsRetriedOnAFreshProcess() throws {
        let journal = Journal()
        let definition = FunctionDefinition(name: "echo", maximumRetryAttempts: 1, onFailureQueueUrl: "q")
        let sent = try #require(leftover(definition, ["do": "crash"], journal))
        #expect(journal.lines(of: "echo").filter { $0 == "event crash" }.count == 2)
        #expect(sent.record["responsePayload"]?["errorType"] == "Runtime.ExitError")
    }

    @Test func anEventTooOldIsDiscardedUntried() throws {
        let definition = FunctionDefinition(
            name: "echo", reservedConcurrency: 0, maximumEventAge: 0, onFailureQueueUrl: "q")
        let sent = try #require(leftover(definition, ["do": "echo"], Journal()))
        #expect(sent.record["requestContext"]?["condition"] == "EventAgeExceeded")
        #expect(sent.record["requestContext"]?["approximateInvokeCount"] == 0)
        #expect(sent.record["responsePayload"] == nil)
    }
}
