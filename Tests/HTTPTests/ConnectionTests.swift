import Foundation
import HTTP
import Testbed
import TestSupport
import Testing

/// Which connection a request takes, and how often it is sent.
@Suite struct ConnectionTests {
    /// `1 GET /x`: the number of the connection, and the request line.
    private static func line(_ connection: RawConnection, _ request: String) -> String {
        "\(connection.number) \(request.prefix { $0 != "\r\n" }.replacingOccurrences(of: " HTTP/1.1", with: ""))"
    }

    /// Answers every request and keeps the connections.
    private static func polite(_ seen: Recorder<String>) throws -> RawServer {
        try RawServer { connection in
            while let request = connection.readRequest() {
                seen.append(line(connection, request))
                connection.answer(200)
            }
        }
    }

    @Test("Idempotent requests share a connection") func reuse() throws {
        let seen = Recorder<String>()
        let server = try Self.polite(seen)
        let client = HTTPClient.quick()
        for path in ["/1", "/2", "/3"] {
            #expect(try client.send(Request("GET", server.url + path, isIdempotent: true)).status == 200)
        }
        #expect(seen.values == ["1 GET /1", "1 GET /2", "1 GET /3"])
    }

    /// No later request uses that connection, and the kept one stays.
    @Test("A request that is not idempotent has a connection of its own") func freshConnection() throws {
        let seen = Recorder<String>()
        let server = try Self.polite(seen)
        let client = HTTPClient.quick()
        for (method, isIdempotent) in [("GET", true), ("POST", false), ("POST", false), ("GET", true)] {
            #expect(try client.send(Request(method, server.url + "/", isIdempotent: isIdempotent)).status == 200)
        }
        #expect(seen.values == ["1 GET /", "2 POST /", "3 POST /", "1 GET /"])
    }

    /// A program talks to the Runtime API, several AWS services, Salesforce and WHMCS. By default libcurl keeps four
    /// connections for each concurrent request.
    @Test("A connection to each server is kept") func manyServers() throws {
        let seen = (0..<12).map { _ in Recorder<String>() }
        let servers = try seen.map(Self.polite)
        let client = HTTPClient.quick()
        for path in ["/1", "/2"] {
            for server in servers { _ = try client.send(Request("GET", server.url + path, isIdempotent: true)) }
        }
        for one in seen { #expect(one.values == ["1 GET /1", "1 GET /2"]) }
    }

    /// The client opens it while it waits for the response, and ignores its failure.
    @Test("A preconnect is sent along with a request") func preconnecting() throws {
        let (seen, first) = (Recorder<String>(), Recorder<String>())
        let (server, other) = (try Self.polite(seen), try Self.polite(first))
        let client = HTTPClient.quick()
        let preconnects = [server.url, "http://127.0.0.1:1"].map { Request.preconnect($0 + "/") }
        #expect(
            try client.preconnecting(to: preconnects).send(Request("GET", other.url + "/", isIdempotent: true)).status
                == 200)
        #expect(try client.send(Request("POST", server.url + "/", isIdempotent: true)).status == 200)
        #expect(first.values == ["1 GET /"])
        #expect(seen.values == ["1 HEAD /", "1 POST /"])
    }

    @Test("A preconnect may be sent alone") func preconnect() throws {
        let seen = Recorder<String>()
        let server = try Self.polite(seen)
        let client = HTTPClient.quick()
        client.preconnect([server.url, "http://127.0.0.1:1"].map(Request.preconnect))
        #expect(try client.send(Request("POST", server.url + "/", isIdempotent: true)).status == 200)
        #expect(seen.values == ["1 HEAD /", "1 POST /"])
    }

    /// Closes a reused connection after it has read a request, without a response.
    private static func closesReusedConnections(_ seen: Recorder<String>) throws -> RawServer {
        try RawServer { connection in
            var isReused = false
            while let request = connection.readRequest() {
                seen.append(line(connection, request))
                if isReused { return }
                isReused = true
                connection.answer(200)
            }
        }
    }

    /// libcurl resends a POST when a kept connection closes before the first byte of a response:
    /// the reason for `isIdempotent`. If this test fails with a newer libcurl, fresh connections may be unnecessary.
    @Test("libcurl silently resends on a kept connection that dies") func silentRetry() throws {
        let seen = Recorder<String>()
        let server = try Self.closesReusedConnections(seen)
        let client = HTTPClient.quick()
        _ = try client.send(Request("GET", server.url + "/", isIdempotent: true))
        var transported = 0
        var counting = client
        counting.transport = { requests in
            transported += 1
            return client.transport(requests)
        }
        #expect(try counting.send(Request("POST", server.url + "/", isIdempotent: true)).status == 200)
        #expect(transported == 1)
        #expect(seen.values == ["1 GET /", "1 POST /", "2 POST /"])
    }

    /// The server reads each POST, carries it out, and closes without a response.
    @Test(
        "A dropped request is sent again only if it is idempotent",
        arguments: [(false, ["1 GET /", "2 POST /"]), (true, ["1 GET /", "1 POST /", "2 POST /"])])
    func dropped(_ isIdempotent: Bool, _ expected: [String]) throws {
        let seen = Recorder<String>()
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                seen.append(Self.line(connection, request))
                if request.hasPrefix("POST") { return }
                connection.answer(200)
            }
        }
        let client = HTTPClient.quick()
        _ = try client.send(Request("GET", server.url + "/", isIdempotent: true))
        let failure = try #require(client.failure(of: Request("POST", server.url + "/", isIdempotent: isIdempotent)))
        #expect(failure.kind == .broken)
        #expect(failure.mayHaveBeenReceived)
        // The client retries an idempotent request three times, each on a fresh connection.
        #expect(Array(seen.values.prefix(expected.count)) == expected)
        #expect(seen.values.count == (isIdempotent ? 6 : 2))
    }

    @Test("A closed connection is replaced") func closed() throws {
        let seen = Recorder<String>()
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            seen.append(Self.line(connection, request))
            connection.answer(200, headers: ["Connection: close"])
        }
        let client = HTTPClient.quick()
        for _ in 1...3 { #expect(try client.send(Request("GET", server.url + "/", isIdempotent: true)).status == 200) }
        #expect(seen.values == ["1 GET /", "2 GET /", "3 GET /"])
    }

    @Test("A retry succeeds after a dropped connection") func retryAfterDrop() throws {
        let seen = Recorder<String>()
        let server = try LoopbackServer { request in
            seen.append(request.path) < 3 ? .drop : .answer(status: 200, body: Array("third".utf8))
        }
        #expect(try HTTPClient.quick().send(Request("POST", server.url + "/", isIdempotent: true)).text == "third")
        #expect(seen.values.count == 3)
    }

    /// The server answers the first request only after the last has arrived.
    @Test("sendAll sends concurrently") func concurrent() throws {
        let lastArrived = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { request in
            if request.path == "/1" { lastArrived.wait() }
            if request.path == "/3" { lastArrived.signal() }
            return .answer(status: 200, body: Array(request.path.utf8))
        }
        let answers = HTTPClient.quick().sendAll(
            ["/1", "/2", "/3"].map { Request("GET", server.url + $0, timeout: nil, isIdempotent: true) })
        #expect(try answers.map { try $0.get().text } == ["/1", "/2", "/3"])
    }

    @Test("A refused request does not affect the others") func refusedAmongOthers() throws {
        let server = try LoopbackServer { .answer(status: 200, body: Array($0.path.utf8)) }
        let answers = HTTPClient.quick().sendAll([
            Request("GET", server.url + "/1", isIdempotent: true),
            Request("GET", "http://example.com/", isIdempotent: true),
            Request("GET", server.url + "/3", isIdempotent: true),
        ])
        #expect(try answers[0].get().text == "/1")
        #expect(
            throws: HTTPFailure(
                .refused, mayHaveBeenReceived: false, "requests to example.com must use https, not http")
        ) {
            try answers[1].get()
        }
        #expect(try answers[2].get().text == "/3")
    }

    /// The client reuses its handles.
    @Test("A request leaves no trace in the next") func cleanHandle() throws {
        let seen = Recorder<ServerRequest>()
        let server = try LoopbackServer { request in
            seen.append(request)
            return .answer(status: 200)
        }
        let client = HTTPClient.quick()
        _ = try client.send(
            Request(
                "PATCH", server.url + "/1", headers: [Header("X-One", "1")], body: Array("body".utf8),
                isIdempotent: false,
                signature: AWSSignature(
                    region: "r", service: "s", accessKeyId: "k", secretAccessKey: "s", sessionToken: "t")))
        _ = try client.send(Request("GET", server.url + "/2", isIdempotent: true))
        let second = try #require(seen.values.last)
        #expect(second.method == "GET")
        #expect(second.path == "/2")
        #expect(second.body.isEmpty)
        #expect(second.headers.map(\.name).sorted() == ["accept", "host"])
    }
}
