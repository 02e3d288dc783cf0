import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

@testable import Lambda

/// The loop on faulty connections.
extension RuntimeTests {
    private static func close(_ reply: ServerReply) -> ServerReply {
        guard case .answer(let status, let headers, let body) = reply else { return reply }
        return .answer(status: status, headers: headers + [("Connection", "close")], body: body)
    }

    @Test("The loop survives a server that closes after each response") func connectionClose() throws {
        let ids = (1...5).map { "id-\($0)" }
        let api = try FakeRuntimeAPI(
            ids.map { Self.close(.event($0)) }, post: ["/response": Self.close(.json(202, []))])
        let served = serve(api.address) { _ in [] }
        #expect(api.lines.filter { $0.hasPrefix("POST") } == ids.map { "POST /invocation/\($0)/response" })
        #expect(served.end == "the Runtime API answered 403 to next")
    }

    /// The server promises to keep the connection, and closes it after each POST.
    @Test("The loop survives a connection dropped after each POST") func dropAfterPost() throws {
        let ids = (1...5).map { "id-\($0)" }
        let (asked, posted) = (Recorder<Void>(), Recorder<String>())
        let api = try RawServer { connection in
            while let request = connection.readRequest() {
                guard request.hasPrefix("GET") else {
                    posted.append(String(request.split(separator: " ")[1]))
                    return connection.answer(202)
                }
                let count = asked.append(())
                guard count <= ids.count else { return connection.answer(403) }
                let id = "Lambda-Runtime-Aws-Request-Id: \(ids[count - 1])"
                connection.answer(200, headers: [id, "Lambda-Runtime-Deadline-Ms: 1800000003000"], "{}")
            }
        }
        let served = serve("127.0.0.1:\(api.port)") { _ in [] }
        #expect(posted.values == ids.map { "/2018-06-01/runtime/invocation/\($0)/response" })
        #expect(served.end == "the Runtime API answered 403 to next")
    }

    @Test("The loop survives a connection dropped while it waits") func dropWhileWaiting() throws {
        let api = try FakeRuntimeAPI([.drop, .event("a"), .drop, .drop, .event("b")])
        let served = serve(api.address) { _ in [] }
        #expect(
            api.lines == [
                Self.next, Self.next, "POST /invocation/a/response", Self.next, Self.next, Self.next,
                "POST /invocation/b/response", Self.next,
            ])
        #expect(served.log.isEmpty)
    }

    /// The server answers when the test says so.
    @Test("The loop waits for the next event without a timeout") func slowNext() throws {
        let (arrived, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let asked = Recorder<Void>()
        let server = try LoopbackServer { request in
            guard request.method == "GET" else { return .answer(status: 202) }
            guard asked.append(()) == 1 else { return .answer(status: 403) }
            arrived.signal()
            release.wait()
            return .event("slow")
        }
        let (handled, ended) = (Recorder<String>(), DispatchSemaphore(value: 0))
        let address = "127.0.0.1:\(server.port)"
        Thread {
            _ = serve(address) { event in
                handled.append(event.requestID)
                return []
            }
            ended.signal()
        }.start()
        arrived.wait()
        #expect(handled.values.isEmpty)
        release.signal()
        ended.wait()
        #expect(handled.values == ["slow"])
    }

    @Test("An unreachable Runtime API ends the loop") func unreachable() throws {
        let closed = try ClosedPort()
        let served = serve("127.0.0.1:\(closed.port)") { _ in [] }
        #expect(served.end == "the Runtime API cannot be reached: 127.0.0.1: Couldn't connect to server")
    }

    /// The first attempt and three retries.
    @Test("Four dropped connections end the loop") func alwaysDrops() throws {
        let api = try FakeRuntimeAPI(Array(repeating: .drop, count: 10))
        let served = serve(api.address) { _ in [] }
        #expect(served.end.hasPrefix("the Runtime API cannot be reached: 127.0.0.1: "))
        // Each drop on a fresh connection is one request.
        #expect(api.lines == Array(repeating: Self.next, count: 4))
    }

    /// `next` has no timeout: between two events Lambda freezes the process.
    @Test("Requests have the right timeouts and use no proxy") func requests() throws {
        let http = FakeHTTPClient([
            .answer(
                200,
                headers: [Header("lambda-runtime-aws-request-id", "id"), Header("lambda-runtime-deadline-ms", "5")]),
            .answer(202), .answer(202), .answer(202),
        ])
        let api = RuntimeAPI(address: "169.254.100.1:9001", http: http.client)
        #expect(try api.next().deadline == 5)
        #expect(try api.respond([1], to: "id") == 202)
        #expect(try api.fail(FunctionError("A", "b"), [2], to: "id") == 202)
        #expect(try api.failInit(FunctionError("A", "b"), [3]) == 202)
        let base = "http://169.254.100.1:9001/2018-06-01/runtime"
        #expect(
            http.requests.map(\.url) == [
                "\(base)/invocation/next", "\(base)/invocation/id/response", "\(base)/invocation/id/error",
                "\(base)/init/error",
            ])
        #expect(http.requests.map(\.timeout) == [nil, 10_000, 10_000, 10_000])
        #expect(http.requests.allSatisfy { $0.isOnThisMachine })
        #expect(http.requests.allSatisfy { $0.signature == nil })
    }
}
