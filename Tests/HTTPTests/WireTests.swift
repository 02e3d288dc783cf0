import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// Requests and responses, byte by byte.
@Suite struct WireTests {
    @Test("Method, target, headers and body are sent", arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func request(_ method: String) throws {
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

    /// libcurl would drop a header with only white space.
    @Test("A blank header is sent") func blankHeader() throws {
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

    /// Not every server sends 100 Continue.
    @Test("A large body is sent without waiting for 100 Continue") func largeBody() throws {
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

    @Test("A POST without a body has Content-Length 0") func emptyPost() throws {
        let seen = Recorder<ServerRequest>()
        let server = try LoopbackServer { request in
            seen.append(request)
            return .answer(status: 200)
        }
        _ = try HTTPClient.quick().send(Request("POST", server.url + "/", isIdempotent: true))
        #expect(seen.values.first?.header("content-length") == "0")
    }

    /// The response to HEAD has the length of a body that is not sent.
    @Test("A response to HEAD has headers and no body") func head() throws {
        let server = try LoopbackServer { _ in
            .answer(status: 200, headers: [("X-Is", "there")], body: Array("not sent".utf8))
        }
        let answer = try HTTPClient.quick().send(Request("HEAD", server.url + "/", timeout: 5000, isIdempotent: true))
        #expect(answer.status == 200)
        #expect(answer.header("X-Is") == "there")
        #expect(answer.body.isEmpty)
    }

    @Test("A response may have no content", arguments: ["GET", "POST", "PATCH", "DELETE"])
    func noContent(_ method: String) throws {
        let server = try LoopbackServer { _ in .answer(status: 204) }
        let answer = try HTTPClient.quick().send(Request(method, server.url + "/", isIdempotent: true))
        #expect(answer.status == 204)
        #expect(answer.body.isEmpty)
    }

    @Test("A header is found in any case, the first of several") func headers() throws {
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

    @Test(
        "An interim response is skipped",
        arguments: ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nX-Hint: interim\r\n\r\n"])
    func interim(_ interim: String) throws {
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

    @Test("A chunked response is read") func chunked() throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        }
        #expect(try HTTPClient.quick().send(Request("GET", server.url + "/", isIdempotent: true)).text == "abcde")
    }

    @Test("A redirect is not followed", arguments: [301, 302, 303, 307, 308])
    func redirect(_ status: Int) throws {
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

    @Test("A response may have the maximum size and no more", arguments: [(10, true), (11, false), (100_000, false)])
    func maxSize(_ size: Int, _ taken: Bool) throws {
        let server = try LoopbackServer { _ in .answer(status: 200, body: Array(repeating: 7, count: size)) }
        let client = HTTPClient.quick(maxResponseSize: 10)
        let result = client.sendAll([Request("GET", server.url + "/", isIdempotent: true)])[0]
        if taken {
            #expect(try result.get().body.count == size)
        } else {
            let expected = HTTPFailure(.tooLarge, mayHaveBeenReceived: true, "127.0.0.1: the response is too large")
            #expect(throws: expected) { try result.get() }
        }
    }

    @Test("Invalid UTF-8 is replaced in text") func invalidUTF8() {
        #expect(Response(status: 200, body: [0x61, 0xff, 0x62]).text == "a\u{fffd}b")
    }
}
