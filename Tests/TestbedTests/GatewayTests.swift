import HTTP
import JSON
import Testing

@testable import Testbed

@Suite struct GatewayTests {
    private func withGateway<Value>(
        reserved: Int? = nil, limits: Gateway.Limits = .init(), _ body: (String) throws -> Value
    ) throws -> Value {
        let definition = FunctionDefinition(
            name: "echo", reservedConcurrency: reserved,
            routes: [.init(method: "POST", path: "/do/{what}"), .init(method: "GET", path: "/do/{what}")])
        return try withFunction(definition) { function in
            let gateway = try Gateway([function], port: 0, limits: limits, journal: Journal())
            defer { gateway.stop() }
            return try body(gateway.url)
        }
    }

    private func post(_ url: String, _ body: [UInt8], headers: [Header] = []) throws -> Response {
        try HTTPClient.live().send(
            Request("POST", url, headers: headers, body: body, timeout: 20_000, isIdempotent: false))
    }

    @Test("A request reaches the function, and its answer the caller")
    func carriesARequest() throws {
        try withGateway { url in
            let answer = try post(url + "/do/it?x=1", Array("{}".utf8), headers: [Header("X-Custom", "y")])
            #expect(answer.status == 200)
            let event = JSON(answer.body)?["event"]
            #expect(event?["rawPath"] == "/do/it")
            #expect(event?["headers"]?["x-custom"] == "y")
            #expect(event?["queryStringParameters"] == ["x": "1"])
            #expect(answer.header("apigw-requestid") == event?["requestContext"]?["requestId"]?.string)
        }
    }

    @Test("Unknown routes, large bodies and large headers are refused")
    func refusesBeforeTheFunction() throws {
        var limits = Gateway.Limits()
        limits.payloadBytes = 1000
        try withGateway(limits: limits) { url in
            let unknown = try post(url + "/other", [])
            #expect(unknown.status == 404 && unknown.text == #"{"message":"Not Found"}"#)
            #expect(try post(url + "/do/it", Array(repeating: 32, count: 1001)).status == 413)
            let long = Header("X-Long", String(repeating: "x", count: 10_240))
            #expect(try post(url + "/do/it", [], headers: [long]).status == 431)
        }
    }

    @Test("The page answers what no function has a route for, and is not in the journal")
    func servesThePage() throws {
        let definition = FunctionDefinition(name: "echo", routes: [.init(method: "GET", path: "/do/it")])
        try withFunction(definition) { function in
            let journal = Journal()
            let gateway = try Gateway([function], port: 0, journal: journal) { request in
                request.path == "/other" ? nil : .answer(status: 200, body: Array("page".utf8))
            }
            defer { gateway.stop() }
            func get(_ path: String) throws -> String? { try request(gateway.port, "GET", path)?.text }
            #expect(try get("/") == "page")
            #expect(try get("/do/it")?.contains("rawPath") == true)
            #expect(try get("/other") == #"{"message":"Not Found"}"#)
            #expect(journal.lines(of: "gateway") == ["GET /do/it 200", "GET /other 404"])
        }
    }

    @Test("A throttled function is unavailable")
    func reportsThrottling() throws {
        try withGateway(reserved: 0) { url in
            let answer = try post(url + "/do/it", [])
            #expect(answer.status == 503 && answer.text == #"{"message":"Service Unavailable"}"#)
        }
    }

    @Test("A slow function is unavailable after the gateway's limit")
    func waitsForItsLimit() throws {
        var limits = Gateway.Limits()
        limits.integration = 0.2
        let definition = FunctionDefinition(name: "slow", routes: [.init(method: "GET", path: "/")])
        try withFunction(definition, environment: ["ALWAYS": "hang"]) { function in
            let gateway = try Gateway([function], port: 0, limits: limits, journal: Journal())
            defer { gateway.stop() }
            let request = Request("GET", gateway.url + "/", timeout: 20_000, isIdempotent: false)
            #expect(try HTTPClient.live().send(request).status == 503)
        }
    }

    @Test("A failing function is an internal server error")
    func reportsAFailure() throws {
        let definition = FunctionDefinition(name: "bad", routes: [.init(method: "GET", path: "/")])
        try withFunction(definition, environment: ["ALWAYS": "error"]) { function in
            let gateway = try Gateway([function], port: 0, journal: Journal())
            defer { gateway.stop() }
            let answer = try HTTPClient.live().send(
                Request("GET", gateway.url + "/", timeout: 20_000, isIdempotent: false))
            #expect(answer.status == 500 && answer.text == #"{"message":"Internal Server Error"}"#)
        }
    }

    @Test("A port in use is refused")
    func refusesAPortInUse() throws {
        let first = try Gateway([], port: 0, journal: Journal())
        defer { first.stop() }
        #expect(throws: LoopbackServer.Unavailable.self) { try Gateway([], port: first.port, journal: Journal()) }
    }
}
