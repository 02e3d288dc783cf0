import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct AsyncInvokerTests {
    private struct Sent: Sendable {
        var queue: String
        var record: JSON
    }

    /// Invokes the function asynchronously, and returns what the on-failure queue receives.
    private func failure(of definition: FunctionDefinition, _ payload: JSON, _ journal: Journal) -> Sent? {
        withFunction(definition, journal: journal) { function in
            let sent = Monitor<Sent?>(nil)
            let invoker = AsyncInvoker(function, timeScale: 0, journal: journal) { queue, body in
                sent.with { $0 = Sent(queue: queue, record: JSON(body) ?? .null) }
            }
            invoker.accept(payload.bytes)
            return sent.wait(until: Date(timeIntervalSinceNow: 20)) { $0 }
        }
    }

    @Test("After three failed attempts the on-failure queue receives Lambda's record")
    func sendsTheRecordAfterThreeAttempts() throws {
        let journal = Journal()
        let definition = FunctionDefinition(name: "echo", onFailureQueueUrl: "http://127.0.0.1/dlq")
        let sent = try #require(failure(of: definition, ["do": "error"], journal))
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

    @Test("A new process retries the event of one that crashed")
    func retriesInANewProcess() throws {
        let journal = Journal()
        let definition = FunctionDefinition(name: "echo", maximumRetryAttempts: 1, onFailureQueueUrl: "q")
        let sent = try #require(failure(of: definition, ["do": "crash"], journal))
        #expect(journal.lines(of: "echo").filter { $0 == "event crash" }.count == 2)
        #expect(sent.record["responsePayload"]?["errorType"] == "Runtime.ExitError")
    }

    @Test("An event that is too old is discarded without an attempt")
    func discardsAnOldEvent() throws {
        let definition = FunctionDefinition(
            name: "echo", reservedConcurrency: 0, maximumEventAgeSeconds: 0, onFailureQueueUrl: "q")
        let sent = try #require(failure(of: definition, ["do": "echo"], Journal()))
        #expect(sent.record["requestContext"]?["condition"] == "EventAgeExceeded")
        #expect(sent.record["requestContext"]?["approximateInvokeCount"] == 0)
        #expect(sent.record["responsePayload"] == nil)
    }
}
