import HTTP
import JSON
import Testbed
import TestSupport
import Testing

@Suite struct TogetherTests {
    private func get(_ name: String) -> Request {
        Request("GET", "https://a.example/\(name)", isIdempotent: true)
    }

    private func names(_ http: FakeHTTPClient) -> [String] {
        http.requests.map { String($0.url.split(separator: "/").last ?? "") }
    }

    @Test("Requests of both go at once, round by round") func rounds() throws {
        let http = FakeHTTPClient("1", "2", "3", "4", "5")
        let client = http.client
        let (first, second) = client.together(
            { [try client.send(get("a")).text, try client.send(get("b")).text, try client.send(get("c")).text] },
            { [try client.send(get("x")).text, try client.send(get("y")).text] })
        #expect(try first.get() == ["1", "3", "5"])
        #expect(try second.get() == ["2", "4"])
        #expect(names(http) == ["a", "x", "b", "y", "c"])
        #expect(http.batches == [2, 2, 1])
    }

    @Test("Several requests of one keep their responses") func several() throws {
        let http = FakeHTTPClient("1", "2", "3")
        let client = http.client
        let (first, second) = client.together(
            { try client.sendAll([get("a"), get("b")]).map { try $0.get().text } },
            { try client.send(get("x")).text })
        #expect(try first.get() == ["1", "2"])
        #expect(try second.get() == "3")
        #expect(http.batches == [3])
    }

    @Test("One that fails, or sends nothing, leaves the other alone") func independent() throws {
        let http = FakeHTTPClient([.unreachable, .answer(200, "x"), .answer(200, "y")])
        let client = http.client
        let (first, second) = client.together(
            { try client.send(Request("POST", "https://a.example/a", isIdempotent: false)) },
            { [try client.send(get("x")).text, try client.send(get("y")).text] })
        #expect(throws: HTTPFailure.self) { try first.get() }
        #expect(try second.get() == ["x", "y"])
        let (number, third) = client.together({ 1 }, { throw HTTPFailure(.refused, mayHaveBeenReceived: false, "") })
        #expect(try number.get() == 1)
        #expect(throws: HTTPFailure.self) { try third.get() as Void }
    }

    @Test("One waits to retry when the other has ended") func retries() throws {
        let http = FakeHTTPClient([
            .answer(503), .answer(200, "x"), .answer(200, "y"), .answer(200, "again"),
        ])
        let client = http.client
        let (first, second) = client.together(
            { try client.send(get("a")).text },
            { [try client.send(get("x")).text, try client.send(get("y")).text] })
        #expect(try first.get() == "again")
        #expect(try second.get() == ["x", "y"])
        #expect(names(http) == ["a", "x", "y", "a"])
        #expect(http.waits == [100])
    }

    @Test("Both wait: the shorter wait ends first") func waits() {
        let http = FakeHTTPClient([])
        let client = http.client
        var ended: [String] = []
        _ = client.together(
            {
                client.sleep(300)
                ended.append("first")
            },
            {
                client.sleep(100)
                client.sleep(0)
                ended.append("second")
            })
        #expect(ended == ["second", "first"])
        #expect(http.waits == [100, 200])
    }

    @Test("A wait goes on while the other sends") func waitBesideSending() throws {
        let http = FakeHTTPClient("1", "2")
        http.latency = { _ in 60 }
        let client = http.client
        let (_, second) = client.together(
            { client.sleep(100) }, { [try client.send(get("x")).text, try client.send(get("y")).text] })
        #expect(try second.get() == ["1", "2"])
        #expect(http.waits == [])
    }

    @Test("Functions that run together may run others together") func nested() throws {
        let http = FakeHTTPClient("1", "2", "3", "4")
        let client = http.client
        let (first, second) = client.together(
            { client.together({ try client.send(get("a")).text }, { try client.send(get("b")).text }) },
            { [try client.send(get("x")).text, try client.send(get("y")).text] })
        let (a, b) = try first.get()
        #expect(try [a.get(), b.get()] == ["1", "2"])
        #expect(try second.get() == ["3", "4"])
        #expect(http.batches == [3, 1])
    }

    /// A stack of 1 MB is enough for what answers may hold.
    @Test("A function may read an answer that is nested as deep as is read at all") func deepAnswer() throws {
        let depth = 512
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let client = FakeHTTPClient(text, "x").client
        let (first, second) = client.together(
            { JSON(try client.send(get("a")).body) }, { try client.send(get("x")).text })
        #expect(try first.get() != nil)
        #expect(try second.get() == "x")
    }

    @Test("Real connections answer both") func live() throws {
        let server = try LoopbackServer { request in .answer(status: 200, body: Array(request.path.utf8)) }
        defer { server.stop() }
        let client = HTTPClient.quick()
        for number in 0..<50 {
            let (first, second) = client.together(
                { try client.send(Request("GET", "\(server.url)/a\(number)", isIdempotent: true)).text },
                { try client.send(Request("POST", "\(server.url)/b\(number)", isIdempotent: false)).text })
            #expect(try [first.get(), second.get()] == ["/a\(number)", "/b\(number)"])
        }
    }
}
