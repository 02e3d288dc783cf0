import Foundation
import Testing

@testable import Testbed

@Suite struct LoopbackServerTests {
    /// Responds with the request.
    static func echo(_ request: ServerRequest) -> ServerReply {
        .answer(
            status: 200,
            headers: [("X-Saw", "\(request.method) \(request.path) \(request.query)")], body: request.body)
    }

    @Test("Every method is taken", arguments: ["GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD"])
    func takesEveryMethod(_ method: String) throws {
        let server = try LoopbackServer(handler: Self.echo)
        let answer = try request(server.port, method, "/a")
        #expect(answer?.status == 200)
        #expect(answer?.headers["x-saw"] == "\(method) /a")
    }

    @Test(
        "The request target stays as sent",
        arguments: [
            ("/a%2Fb%20c?q=1%2C2+3&x", "/a%2Fb%20c", "q=1%2C2+3&x"),
            ("/", "/", ""),
            ("/x?", "/x", ""),
            ("/x?a?b", "/x", "a?b"),
        ])
    func leavesTheTargetAsSent(_ target: String, path: String, query: String) throws {
        let server = try LoopbackServer { request in
            .answer(status: 200, body: Array("\(request.path)|\(request.query)".utf8))
        }
        #expect(try request(server.port, "GET", target)?.text == "\(path)|\(query)")
    }

    @Test("Headers keep their order, in lower case")
    func keepsTheOrderOfHeaders() throws {
        let server = try LoopbackServer { request in
            .answer(status: 204, headers: [("X-Names", request.headers.map(\.name).joined(separator: ","))])
        }
        let answer = try request(server.port, "GET", "/", headers: ["X-UPPER": "v"])
        #expect(answer?.status == 204)
        #expect(answer?.headers["x-names"] == "host,x-upper")
        #expect(answer?.body.isEmpty == true)
    }

    @Test("Bodies of 6 MB are carried both ways")
    func carriesLargeBodies() throws {
        let server = try LoopbackServer(handler: Self.echo)
        let body = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try RawClient(port: server.port).send("POST", "/", body: body)?.body == body)
    }

    @Test("A connection carries several requests")
    func keepsTheConnection() throws {
        let server = try LoopbackServer(handler: Self.echo)
        let connection = try RawClient(port: server.port)
        for n in 1...3 {
            #expect(connection.send("POST", "/\(n)", body: [UInt8(n)])?.body == [UInt8(n)])
        }
    }

    @Test("HEAD has the length and no body")
    func answersHead() throws {
        let server = try LoopbackServer { _ in .json(200, Array("{}".utf8)) }
        let answer = try request(server.port, "HEAD", "/")
        #expect(answer?.headers["content-length"] == "2")
        #expect(answer?.headers["content-type"] == "application/json")
        #expect(answer?.body.isEmpty == true)
    }

    @Test("A dropped connection closes without a byte")
    func drops() throws {
        let server = try LoopbackServer { _ in .drop }
        #expect(try request(server.port, "POST", "/", body: "x") == nil)
    }

    @Test("A truncated response announces more than it sends", arguments: [0, 3])
    func truncates(_ sent: Int) throws {
        let server = try LoopbackServer { _ in
            .truncated(status: 200, length: 10, body: Array("abc".utf8.prefix(sent)))
        }
        let answer = try request(server.port, "GET", "/")
        #expect(answer?.headers["content-length"] == "10")
        #expect(answer?.text == String("abc".prefix(sent)))
        #expect(answer?.complete == false)
    }

    @Test("A blocked handler does not block the others")
    func handlersAreIndependent() throws {
        let gate = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { request in
            if request.path == "/poll" { gate.wait() }
            return .answer(status: 200)
        }
        let finished = DispatchSemaphore(value: 0)
        Thread {
            _ = try? request(server.port, "GET", "/poll")
            finished.signal()
        }.start()
        #expect(try request(server.port, "GET", "/quick")?.status == 200)
        gate.signal()
        finished.wait()
    }

    @Test("`stop` closes idle connections and frees the port")
    func stops() throws {
        let first = try LoopbackServer(handler: Self.echo)
        let connection = try RawClient(port: first.port)
        #expect(connection.send("GET", "/")?.status == 200)
        first.stop()
        first.stop()
        #expect(connection.send("GET", "/") == nil)
        let second = try LoopbackServer(port: first.port, handler: Self.echo)
        #expect(second.port == first.port)
        #expect(second.url == "http://127.0.0.1:\(first.port)")
    }

    @Test("A port in use is an error")
    func refusesAPortInUse() throws {
        let server = try LoopbackServer(handler: Self.echo)
        #expect(throws: LoopbackServer.Unavailable.self) {
            try LoopbackServer(port: server.port, handler: Self.echo)
        }
    }
}
