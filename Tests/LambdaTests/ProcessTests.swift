import Foundation
import HTTP
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

/// The behaviour of a process; each test has its own.
@Suite struct ProcessTests {
    private func lines(_ result: ExitTest.Result?) -> [JSON] {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
            .split(separator: "\n").compactMap { JSON(Array($0.utf8)) }
    }

    @Test("Without a Runtime API the program says how to start it") func noRuntimeAPI() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            unsetenv("AWS_LAMBDA_RUNTIME_API")
            Runtime.run { _, _, _ in { $0.payload } }
        }
        #expect(
            lines(result).compactMap { $0["message"]?.string } == [
                "AWS_LAMBDA_RUNTIME_API is not set: start this program on Lambda, or with testbed invoke"
            ])
    }

    @Test("A configuration error is reported and ends the program") func configuration() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            let server = try LoopbackServer { _ in .answer(status: 202) }
            setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:\(server.port)", 1)
            setenv("SECOND", "http://example.com/", 1)
            Runtime.run { environment, _, _ in
                var environment = environment
                _ = environment.text("FIRST_OF_TWO")
                _ = environment.url("SECOND")
                try environment.check()
                return { $0.payload }
            }
        }
        let faults = "FIRST_OF_TWO is not set; SECOND must be an https URL without a user name"
        let lines = lines(result)
        #expect(lines.map { $0["errorMessage"] ?? $0["message"] } == [.string(faults), "exiting"])
        #expect(lines.last?["error"] == .string("Configuration: \(faults)"))
    }

    /// It logs to standard error at the level of the environment, and logs the reason of its end.
    @Test("The program serves until the Runtime API is gone") func serves() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            let asked = Recorder<Void>()
            let server = try LoopbackServer { request in
                guard request.method == "GET" else { return .answer(status: 202) }
                guard asked.append(()) == 1 else { return .answer(status: 500) }
                return .answer(
                    status: 200,
                    headers: [("Lambda-Runtime-Aws-Request-Id", "id"), ("Lambda-Runtime-Deadline-Ms", "1")],
                    body: Array("event".utf8))
            }
            setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:\(server.port)", 1)
            setenv("AWS_LAMBDA_LOG_LEVEL", "WARN", 1)
            Runtime.run { _, _, log in
                return { event in
                    log.info("not at this level")
                    log.warn("handled", ["payload": .string(String(decoding: event.payload, as: UTF8.self))])
                    return []
                }
            }
        }
        let lines = lines(result)
        #expect(lines.map { $0["message"] } == ["handled", "exiting"])
        #expect(lines.first?["payload"] == "event")
        #expect(lines.last?["error"] == "the Runtime API answered 500 to next")
    }
}
