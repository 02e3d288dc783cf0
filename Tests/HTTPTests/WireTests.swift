import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// What goes out and what comes back, byte by byte.
@Suite struct WireTests {
    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func sendsMethodTargetHeadersAndBody(_ method: String) throws {
        let seen = Recorder<ServerRequest>()
        let server = try LoopbackServer { request in
            seen.append(request)
            return .answer(status: 200)
        }
        let body = method == "GET" ? [] : [0, 1, 0xff, 13, 10] + Array("é".utf8)
        _ = try HTTPClient.quick().send(
            Request(
                method, server.url + "/a%20b?q=1&r=%2F",
                headers: [Header("X-One", "1"), Header("Content-Type", "application/json"), Header("X-Empty", "")],
                body: body, isIdempotent: true))
        let request = try #require(seen.values.first)
        #expect(request.method == method)
        #expect(request.path == "/a%20b")
        #expect(request.query == "q=1&r=%2F")
        #expect(request.header("x-one") == "1")
        #expect(request.header("content-type") == "application/json")
        #expect(request.header("x-empty") == "")
        #expect(request.body == body)
    }

    /// libcurl takes a header with nothing but white space for one to leave out.
    @Test func aBlankHeaderIsSentAllTheSame() throws {
        let seen = Recorder<ServerRequest>()
        let server = try LoopbackServer { request in
            seen.append(request)
            return .answer(status: 200)
        }
        _ = try HTTPClient.quick().send(
            Request(
                "GET", server.url + "/", headers: [Header("X-Blank", "  "), Header("Accept", " ")], isIdempotent: true))
        #expect(seen.values.first?.header("x-blank") == "")
        #expect(seen.values.first?.header("accept") == "")
    }

    /// A large body goes out at once: no wait for a 100 that not every server sends.
    @Test func aLargeBodyIsNotAnnouncedFirst() throws {
        let seen = Recorder<ServerRequest>()
        let server = try LoopbackServer { request in
            seen.append(request)
            return .answer(status: 200)
        }
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
        _ = try HTTPClient.quick().send(Request("POST", server.url + "/", body: body, isIdempotent: true))
        #expect(seen.values.first?.body == body)
        #expect(seen.values.first?.header("expect") == nil)
    }

    @Test func aPostWithoutABodySaysSo() throws {
        let seen = Recorder<ServerRequest>()
        let server = try LoopbackServer { request in
            seen.append(request)
            return .answer(status: 200)
        }
        _ = try HTTPClient.quick().send(Request("POST", server.url + "/", isIdempotent: true))
        #expect(seen.values.first?.header("content-length") == "0")
    }

    /// The server announces a length for HEAD that never comes.
    @Test func headHasHeadersAndNoBody() throws {
        let server = try LoopbackServer { _ in
            .answer(status: 200, headers: [("X-Is", "there")], body: Array("not sent".utf8))
        }
        let answer = try HTTPClient.quick().send(Request("HEAD", server.url + "/", timeout: 5000, isIdempotent: true))
        #expect(answer.status == 200)
        #expect(answer.header("X-Is") == "there")
        #expect(answer.body.isEmpty)
    }

    @Test(arguments: ["GET", "POST", "PATCH", "DELETE"])
    func noContentIsAnAnswer(_ method: String) throws {
        let server = try LoopbackServer { _ in .answer(status: 204) }
        let answer = try HTTPClient.quick().send(Request(method, server.url + "/", isIdempotent: true))
        #expect(answer.status == 204)
        #expect(answer.body.isEmpty)
    }

    @Test func headersAreFoundInAnyCaseTheFirstOfSeveral() throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.answer(200, headers: ["X-Many:  one ", "x-many: two", "X-Empty:", "X-Colon: a:b"])
        }
        let answer = try HTTPClient.quick().send(Request("GET", server.url + "/", isIdempotent: true))
        #expect(answer.header("x-MANY") == "one")
        #expect(answer.header("X-Empty") == "")
        #expect(answer.header("X-Colon") == "a:b")
        #expect(answer.header("X-None") == nil)
        #expect(answer.headers.filter { $0.name.lowercased() == "x-many" }.count == 2)
    }

    @Test(arguments: ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nX-Hint: interim\r\n\r\n"])
    func anInterimAnswerIsNotTheAnswer(_ interim: String) throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.send(interim)
            connection.answer(201, headers: ["X-Final: yes"], "body")
        }
        let answer = try HTTPClient.quick().send(Request("POST", server.url + "/", body: [1], isIdempotent: false))
        #expect(answer.status == 201)
        #expect(answer.header("X-Hint") == nil)
        #expect(answer.header("X-Final") == "yes")
        #expect(answer.text == "body")
    }

    @Test func takesChunkedAnswers() throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        }
        #expect(try HTTPClient.quick().send(Request("GET", server.url + "/", isIdempotent: true)).text == "abcde")
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func aRedirectIsAnAnswerLikeAnyOther(_ status: Int) throws {
        let seen = Recorder<String>()
        let server = try LoopbackServer { request in
            seen.append(request.path)
            return .answer(status: status, headers: [("Location", "/elsewhere")])
        }
        let answer = try HTTPClient.quick().send(Request("GET", server.url + "/", isIdempotent: true))
        #expect(answer.status == status)
        #expect(answer.header("Location") == "/elsewhere")
        #expect(seen.values == ["/"])
    }

    @Test(arguments: [(10, true), (11, false), (100_000, false)])
    func anAnswerMayBeAsLargeAsAllowedAndNoLarger(_ size: Int, _ taken: Bool) throws {
        let server = try LoopbackServer { _ in .answer(status: 200, body: Array(repeating: 7, count: size)) }
        let client = HTTPClient.quick(largestAnswer: 10)
        let result = client.sendAll([Request("GET", server.url + "/", isIdempotent: true)])[0]
        if taken {
            #expect(try result.get().body.count == size)
        } else {
            let expected = HTTPFailure(.tooLarge, mayHaveBeenReceived: true, "127.0.0.1: the answer is too large")
            #expect(throws: expected) { try result.get() }
        }
    }

    @Test func textReplacesWhatIsNoUTF8() {
        #expect(Response(status: 200, body: [0x61, 0xff, 0x62]).text == "a\u{fffd}b")
    }
}
