import Foundation
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Lambda

/// The loop, request by request. Serialized, since each event sets a variable of the process.
@Suite(.serialized) struct RuntimeTests {
    static let next = "GET /invocation/next"

    @Test("An event is handled and answered") func event() throws {
        let api = try FakeRuntimeAPI([
            .event(
                "8476a536-e9f4-11e8-9739-2dfe598c3fcd", trace: "Root=1-5bef4de7;Sampled=1",
                #"{"order":"é"}"#)
        ])
        var seen: [Invocation] = []
        let served = serve(api.address) { event in
            seen.append(event)
            return Array(#"{"answer":"café"}"#.utf8)
        }
        #expect(seen.count == 1)
        #expect(seen.first?.requestID == "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        #expect(seen.first?.deadline == 1_800_000_003_000)
        #expect(seen.first?.traceID == "Root=1-5bef4de7;Sampled=1")
        #expect(seen.first?.payload == Array(#"{"order":"é"}"#.utf8))

        #expect(api.lines == [Self.next, "POST /invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/response", Self.next])
        let response = try #require(api.calls.values.dropFirst().first)
        #expect(response.body == Array(#"{"answer":"café"}"#.utf8))
        #expect(response.header("content-type") == "application/json")
        #expect(response.header("lambda-runtime-function-error-type") == nil)
        #expect(response.header("expect") == nil)
        #expect(served.log.isEmpty)
        #expect(served.end == "the Runtime API answered 403 to next")
    }

    @Test("Events are handled one after the other") func events() throws {
        let api = try FakeRuntimeAPI([.event("a", "1"), .event("b", ""), .event("c", "3")])
        _ = serve(api.address) { $0.payload }
        #expect(
            api.lines == [
                Self.next, "POST /invocation/a/response", Self.next, "POST /invocation/b/response", Self.next,
                "POST /invocation/c/response", Self.next,
            ])
        let posted = api.calls.values.filter { $0.method == "POST" }.map(\.body)
        #expect(posted == [[UInt8(ascii: "1")], [], [UInt8(ascii: "3")]])
    }

    @Test("An answer of 6 MiB is sent") func largeAnswer() throws {
        let api = try FakeRuntimeAPI([.event()])
        let answer = (0..<(6 << 20)).map { UInt8(truncatingIfNeeded: $0) }
        _ = serve(api.address) { _ in answer }
        #expect(api.calls.values.dropFirst().first?.body == answer)
    }

    @Test("An error of the handler is reported, and the loop continues") func handlerError() throws {
        let api = try FakeRuntimeAPI([.event("a"), .event("b")])
        let served = serve(api.address) { event in
            if event.requestID == "a" { throw FunctionError("MalformedEvent", "no \"café\" 😀\nat all") }
            return []
        }
        #expect(
            api.lines == [
                Self.next, "POST /invocation/a/error", Self.next, "POST /invocation/b/response", Self.next,
            ])
        let report = try #require(api.calls.values.dropFirst().first)
        #expect(report.header("lambda-runtime-function-error-type") == "Function.MalformedEvent")
        #expect(report.header("content-type") == "application/json")
        #expect(
            JSON(report.body) == [
                "errorType": "MalformedEvent", "errorMessage": "no \"café\" 😀\nat all", "stackTrace": [],
                "level": "ERROR", "requestId": "a", "timestamp": "2027-01-15T08:00:00.000Z",
            ])
        // The report is also the log line: one line, with unescaped characters.
        #expect(served.log == [String(decoding: report.body, as: UTF8.self)])
        #expect(served.log.first?.contains("café") == true)
        #expect(served.log.first?.contains("\n") == false)
    }

    private struct Surprise: Error, CustomStringConvertible {
        var description: String { "nobody expected this" }
    }

    @Test("Any other error has the name of its type") func otherError() throws {
        let api = try FakeRuntimeAPI([.event()])
        _ = serve(api.address) { _ in throw Surprise() }
        let report = try #require(api.calls.values.dropFirst().first)
        #expect(report.header("lambda-runtime-function-error-type") == "Function.Surprise")
        #expect(JSON(report.body)?["errorType"] == "Surprise")
        #expect(JSON(report.body)?["errorMessage"] == "nobody expected this")
    }

    @Test(
        "A refused result fails its event, a server error ends the loop",
        arguments: [
            (400, "response", true), (403, "response", true), (413, "response", true), (500, "response", false),
            (503, "response", false), (400, "error", true), (413, "error", true), (500, "error", false),
        ])
    func refusedPost(_ status: Int, _ what: String, _ goesOn: Bool) throws {
        let api = try FakeRuntimeAPI([.event("a"), .event("b")], post: ["/a/\(what)": .json(status, [])])
        let served = serve(api.address) { event in
            if what == "error" && event.requestID == "a" { throw FunctionError("Bad", "luck") }
            return [1, 2, 3]
        }
        let name = what == "error" ? "error" : "response of 3 bytes"
        let sentence = "the Runtime API answered \(status) to the \(name)"
        let line = try #require(served.log.last.flatMap { JSON(Array($0.utf8)) })
        #expect(line["message"] == "the Runtime API refused the result")
        #expect((line["result"], line["status"]) == (.string(name), .number(status)))
        #expect(line["level"] == "ERROR")
        #expect(line["requestId"] == "a")
        #expect(served.end == (goesOn ? "the Runtime API answered 403 to next" : sentence))
        #expect(api.lines.contains("POST /invocation/b/response") == goesOn)
    }

    @Test("Any other status than 200 to next ends the loop", arguments: [202, 204, 400, 403, 500, 503])
    func refusedNext(_ status: Int) throws {
        let api = try FakeRuntimeAPI([.answer(status: status)])
        let served = serve(api.address) { _ in [] }
        #expect(served.end == "the Runtime API answered \(status) to next")
        // Not retried: the environment is at its end.
        #expect(api.lines == [Self.next])
    }

    @Test(
        "An event without id or deadline ends the loop",
        arguments: [
            (nil, "1", "Lambda-Runtime-Aws-Request-Id"), ("", "1", "Lambda-Runtime-Aws-Request-Id"),
            ("id", nil, "Lambda-Runtime-Deadline-Ms in ms"), ("id", "", "Lambda-Runtime-Deadline-Ms in ms"),
            ("id", "soon", "Lambda-Runtime-Deadline-Ms in ms"), ("id", "1.5", "Lambda-Runtime-Deadline-Ms in ms"),
        ] as [(String?, String?, String)])
    func malformedEvent(_ id: String?, _ deadline: String?, _ name: String) throws {
        let api = try FakeRuntimeAPI([.event(id, deadline: deadline)])
        let served = serve(api.address) { _ in [] }
        #expect(served.end == "the Runtime API sent an event without \(name)")
        #expect(api.lines == [Self.next])
    }

    @Test("The trace id is set for each event") func trace() throws {
        let api = try FakeRuntimeAPI([.event("a", trace: "Root=1"), .event("b", trace: "Root=2"), .event("c")])
        var seen: [String] = []
        _ = serve(api.address) { _ in
            seen.append(getenv("_X_AMZN_TRACE_ID").map { String(cString: $0) } ?? "none")
            return []
        }
        // The third event has none, and must not inherit the second's.
        #expect(seen == ["Root=1", "Root=2", ""])
    }

    @Test("An init error is reported and ends the program") func initError() throws {
        let api = try FakeRuntimeAPI([.event()])
        let served = serve(api.address) { throw FunctionError("Configuration", "LEDGER_TABLE is not set") }
        #expect(api.lines == ["POST /init/error"])
        let report = try #require(api.calls.values.first)
        #expect(report.header("lambda-runtime-function-error-type") == "Function.Configuration")
        #expect(
            JSON(report.body) == [
                "errorType": "Configuration", "errorMessage": "LEDGER_TABLE is not set", "stackTrace": [],
                "level": "ERROR", "requestId": .null, "timestamp": "2027-01-15T08:00:00.000Z",
            ])
        #expect(served.log == [String(decoding: report.body, as: UTF8.self)])
        #expect(served.end == "Configuration: LEDGER_TABLE is not set")
    }

    @Test("A refused init error remains the reason to end") func refusedInitError() throws {
        let api = try FakeRuntimeAPI([], post: ["/init/error": .json(403, [])])
        let served = serve(api.address) { throw FunctionError("Configuration", "faults") }
        #expect(served.end == "Configuration: faults")
    }

    @Test("An init error is logged without a Runtime API") func initErrorLogged() throws {
        let closed = try ClosedPort()
        let served = serve("127.0.0.1:\(closed.port)") { throw FunctionError("Configuration", "faults") }
        #expect(served.log.first.flatMap { JSON(Array($0.utf8)) }?["errorMessage"] == "faults")
    }

    @Test(
        "The error type has the form that Lambda records",
        arguments: [
            ("MalformedEvent", "Function.MalformedEvent"), ("malformed", "Function.Malformed"),
            ("HTTP502", "Function.HTTP"), ("with space-and.dot", "Function.Withspaceanddot"), ("Café", "Function.Caf"),
            ("", "Function.Error"), ("404", "Function.Error"), ("X\r\nY: 1", "Function.XY"),
        ])
    func headerType(_ type: String, _ header: String) {
        #expect(FunctionError(type, "").headerType == header)
    }
}
