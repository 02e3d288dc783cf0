import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

@testable import Lambda

/// The loop on connections that do not behave.
extension RuntimeTests {
    private static func close(_ reply: ServerReply) -> ServerReply {
        guard case .answer(let status, let headers, let body) = reply else { return reply }
        return .answer(status: status, headers: headers + [("Connection", "close")], body: body)
    }

    @Test func everyAnswerClosesItsConnection() throws {
        let ids = (1...5).map { "id-\($0)" }
        let api = try FakeRuntimeAPI(
            ids.map { Self.close(.event($0)) }, post: ["/response": Self.close(.json(202, []))])
        let served = serve(api.address) { _ in [] }
        #expect(api.lines.filter { $0.hasPrefix("POST") } == ids.map { "POST /invocation/\($0)/response" })
        #expect(served.end == "the Runtime API answered 403 to next")
    }

    /// The server promises to keep the connection and closes it all the same, after each POST.
    @Test func keepAliveIsDroppedAfterEachPost() throws {
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

    @Test func aConnectionThatClosesWhileWaitingIsMadeAgain() throws {
        let api = try FakeRuntimeAPI([.drop, .event("a"), .drop, .drop, .event("b")])
        let served = serve(api.address) { _ in [] }
        #expect(
            api.lines == [
                Self.next, Self.next, "POST /invocation/a/response", Self.next, Self.next, Self.next,
                "POST /invocation/b/response", Self.next,
            ])
        #expect(served.log.isEmpty)
    }

    /// `next` waits as long as it takes: here until the test lets go.
    @Test func aSlowNextIsWaitedFor() throws {
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

    @Test func nobodyListens() throws {
        let closed = try ClosedPort()
        let served = serve("127.0.0.1:\(closed.port)") { _ in [] }
        #expect(served.end == "the Runtime API cannot be reached: 127.0.0.1: Couldn't connect to server")
    }

    /// Four tries, and no more, of something that always breaks.
    @Test func aServerThatAlwaysDropsIsGivenUp() throws {
        let api = try FakeRuntimeAPI(Array(repeating: .drop, count: 10))
        let served = serve(api.address) { _ in [] }
        #expect(served.end.hasPrefix("the Runtime API cannot be reached: 127.0.0.1: "))
        // Each drop on a fresh connection is one request.
        #expect(api.lines == Array(repeating: Self.next, count: 4))
    }

    /// What the loop asks of the client: no time limit on `next` (between two events the process is frozen) but on the
    /// rest, and never a proxy, whatever the address.
    @Test func whatTheRequestsAskOfTheClient() throws {
        let canned = CannedTransport([
            .answer(
                200,
                headers: [Header("lambda-runtime-aws-request-id", "id"), Header("lambda-runtime-deadline-ms", "5")]),
            .answer(202), .answer(202), .answer(202),
        ])
        let api = RuntimeAPI(address: "169.254.100.1:9001", http: canned.client)
        #expect(try api.next().deadline == 5)
        #expect(try api.respond([1], to: "id") == 202)
        #expect(try api.fail(FunctionError("A", "b"), [2], to: "id") == 202)
        #expect(try api.failInit(FunctionError("A", "b"), [3]) == 202)
        let base = "http://169.254.100.1:9001/2018-06-01/runtime"
        #expect(
            canned.requests.map(\.url) == [
                "\(base)/invocation/next", "\(base)/invocation/id/response", "\(base)/invocation/id/error",
                "\(base)/init/error",
            ])
        #expect(canned.requests.map(\.timeout) == [nil, 10_000, 10_000, 10_000])
        #expect(canned.requests.allSatisfy { $0.isOnThisMachine })
        #expect(canned.requests.allSatisfy { $0.signature == nil })
    }
}
