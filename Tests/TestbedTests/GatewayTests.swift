import Foundation
import HTTP
import JSON
import Testing

@testable import Testbed

let projectRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

func sample(_ name: String) throws -> JSON {
    let data = try #require(FileManager.default.contents(atPath: "\(projectRoot)/events/\(name)"))
    return try #require(JSON([UInt8](data)))
}

@Suite struct LambdaGatewayEventTests {
    private func request(
        _ headers: [(name: String, value: String)], body: [UInt8] = [], query: String = "",
        path: String = "/orders/801Dn0000014UPaIAM/fulfill"
    ) -> ServerRequest {
        ServerRequest(method: "POST", path: path, query: query, headers: headers, body: body)
    }

    private func event(_ request: ServerRequest, version: String = "2.0") throws -> JSON {
        let route = Router.Route(
            method: "POST", path: "/orders/{sfOrderId}/fulfill", payloadFormatVersion: version)
        let match = try #require(Router(routes: [route]).match(request.method, request.path))
        return GatewayEvent(request: request, match: match, requestId: "r-1").json
    }

    /// The names of all members, however deep; what is text or number is as good as any other.
    private func shape(_ json: JSON) -> JSON {
        switch json {
        case .object(let members): .object(members.mapValues(shape))
        case .array(let values): .array(values.map(shape))
        case .null: .null
        case .string: "text"
        case .number: 0
        case .bool: true
        }
    }

    @Test func hasTheShapeOfTheSample() throws {
        let recorded = try sample("fulfill.json")
        let headers = (recorded["headers"]?.object ?? [:]).filter { !$0.key.hasPrefix("x-forwarded") }
            .filter { $0.key != "x-amzn-trace-id" }.map { (name: $0.key, value: $0.value.string ?? "") }
        let body = Array((recorded["body"]?.string ?? "").utf8)
        let made = try event(request(headers, body: body))
        #expect(shape(made) == shape(recorded))
        for member in ["version", "routeKey", "rawPath", "rawQueryString", "pathParameters", "body"] {
            #expect(made[member] == recorded[member])
        }
        #expect(made["headers"]?["x-sf-signature"] == recorded["headers"]?["x-sf-signature"])
    }

    @Test func joinsHeadersAndMovesCookies() throws {
        let made = try event(
            request([("x-a", "1"), ("x-a", "2"), ("cookie", "one=1; two=2"), ("user-agent", "curl")]))
        #expect(made["headers"]?["x-a"] == "1,2")
        #expect(made["headers"]?["cookie"] == nil)
        #expect(made["cookies"] == ["one=1", "two=2"])
        #expect(made["requestContext"]?["http"]?["userAgent"] == "curl")
        #expect(made["requestContext"]?["http"]?["sourceIp"] == "127.0.0.1")
        #expect(made["headers"]?["x-forwarded-for"] == "127.0.0.1")
    }

    @Test func decodesPathAndQuery() throws {
        let made = try event(request([], query: "a=1&a=2&b=x+y%26z&c", path: "/orders/a%20b/fulfill"))
        #expect(made["rawPath"] == "/orders/a b/fulfill")
        #expect(made["pathParameters"] == ["sfOrderId": "a b"])
        #expect(made["rawQueryString"] == "a=1&a=2&b=x+y%26z&c")
        #expect(made["queryStringParameters"] == ["a": "1,2", "b": "x y&z", "c": ""])
        #expect(made["body"] == nil)
        #expect(made["isBase64Encoded"] == false)
    }

    @Test(arguments: [
        ("application/json", "{}", false), ("application/json; charset=utf-8", "{}", false),
        ("application/problem+json", "{}", false), ("TEXT/Plain", "a", false), ("application/xml", "<a/>", false),
        ("application/x-www-form-urlencoded", "a=b", true), ("application/octet-stream", "a", true),
        ("image/png", "a", true),
    ])
    func textStaysTextTheRestIsBase64(type: String, body: String, isBase64: Bool) throws {
        let made = try event(request([("content-type", type)], body: Array(body.utf8)))
        #expect(made["isBase64Encoded"] == .bool(isBase64))
        #expect(made["body"]?.string == (isBase64 ? Data(body.utf8).base64EncodedString() : body))
    }

    @Test func textThatIsNotUTF8KeepsItsBytes() throws {
        let made = try event(request([("content-type", "text/plain")], body: [0xff, 0x00]))
        #expect(made["isBase64Encoded"] == true)
        #expect(made["body"] == "/wA=")
    }

    @Test func version1() throws {
        let made = try event(request([("x-a", "1"), ("x-a", "2")], query: "q=1&q=2"), version: "1.0")
        #expect(made["version"] == "1.0")
        #expect(made["httpMethod"] == "POST")
        #expect(made["resource"] == "/orders/{sfOrderId}/fulfill")
        #expect(made["headers"]?["x-a"] == "2")
        #expect(made["multiValueHeaders"]?["x-a"] == ["1", "2"])
        #expect(made["queryStringParameters"] == ["q": "2"])
        #expect(made["multiValueQueryStringParameters"] == ["q": ["1", "2"]])
        #expect(made["requestContext"]?["identity"]?["sourceIp"] == "127.0.0.1")
        #expect(made["body"] == .null)
    }
}

@Suite struct LambdaGatewayReplyTests {
    private func reply(_ payload: String, version: String = "2.0") -> (status: Int, headers: [String], body: String) {
        let reply = GatewayReply.of(Array(payload.utf8), version: version, requestId: "r-1")
        guard case .answer(let status, let headers, let body) = reply else { return (0, [], "") }
        return (status, headers.map { "\($0.name): \($0.value)" }, String(decoding: body, as: UTF8.self))
    }

    @Test func takesStatusHeadersAndBody() {
        let made = reply(
            #"{"statusCode":202,"headers":{"Content-Type":"application/json","X-N":1},"body":"{}","cookies":["a=1","b=2"]}"#
        )
        #expect(made.status == 202)
        #expect(
            made.headers == [
                "apigw-requestid: r-1", "content-type: application/json", "set-cookie: a=1", "set-cookie: b=2",
                "x-n: 1",
            ])
        #expect(made.body == "{}")
    }

    @Test func decodesBase64() {
        #expect(reply(#"{"statusCode":"200","body":"aGk=","isBase64Encoded":true}"#).body == "hi")
        #expect(reply(#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#).status == 500)
    }

    @Test func wrapsWhatHasNoStatusCode() {
        let made = reply(#"{"hello":"world"}"#)
        #expect(made.status == 200)
        #expect(made.headers.contains("content-type: application/json"))
        #expect(made.body == #"{"hello":"world"}"#)
        #expect(reply(#"{"hello":"world"}"#, version: "1.0").status == 500)
    }

    @Test(arguments: [
        "not JSON", #"{"statusCode":"ok"}"#, #"{"statusCode":200,"body":{"a":1}}"#, #"{"statusCode":99}"#,
    ])
    func anythingElseIsAnInternalServerError(payload: String) {
        let made = reply(payload)
        #expect(made.status == 500)
        #expect(made.body == #"{"message":"Internal Server Error"}"#)
    }

    @Test func severalValuesOfAHeader() {
        let made = reply(#"{"statusCode":200,"multiValueHeaders":{"X-A":["1","2"]},"body":""}"#, version: "1.0")
        #expect(made.headers.contains("x-a: 1") && made.headers.contains("x-a: 2"))
    }
}

@Suite struct LambdaGatewayTests {
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

    @Test func carriesARequestToTheFunctionAndBack() throws {
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

    @Test func itsOwnRefusals() throws {
        var limits = Gateway.Limits()
        limits.payload = 1000
        try withGateway(limits: limits) { url in
            let unknown = try post(url + "/other", [])
            #expect(unknown.status == 404 && unknown.text == #"{"message":"Not Found"}"#)
            #expect(try post(url + "/do/it", Array(repeating: 32, count: 1001)).status == 413)
            let long = Header("X-Long", String(repeating: "x", count: 10_240))
            #expect(try post(url + "/do/it", [], headers: [long]).status == 431)
        }
    }

    @Test func aThrottledFunctionIsUnavailable() throws {
        try withGateway(reserved: 0) { url in
            let answer = try post(url + "/do/it", [])
            #expect(answer.status == 503 && answer.text == #"{"message":"Service Unavailable"}"#)
        }
    }

    @Test func waitsNoLongerThanItsLimit() throws {
        var limits = Gateway.Limits()
        limits.integration = 0.2
        let definition = FunctionDefinition(name: "slow", routes: [.init(method: "GET", path: "/")])
        try withFunction(definition, environment: ["ALWAYS": "late"]) { function in
            let gateway = try Gateway([function], port: 0, limits: limits, journal: Journal())
            defer { gateway.stop() }
            let request = Request("GET", gateway.url + "/", timeout: 20_000, isIdempotent: false)
            #expect(try HTTPClient.live().send(request).status == 503)
        }
    }

    @Test func aFailingFunctionIsAnInternalServerError() throws {
        let definition = FunctionDefinition(name: "bad", routes: [.init(method: "GET", path: "/")])
        try withFunction(definition, environment: ["ALWAYS": "error"]) { function in
            let gateway = try Gateway([function], port: 0, journal: Journal())
            defer { gateway.stop() }
            let answer = try HTTPClient.live().send(
                Request("GET", gateway.url + "/", timeout: 20_000, isIdempotent: false))
            #expect(answer.status == 500 && answer.text == #"{"message":"Internal Server Error"}"#)
        }
    }

    @Test func aPortInUseIsRefused() throws {
        let first = try Gateway([], port: 0, journal: Journal())
        defer { first.stop() }
        #expect(throws: LoopbackServer.Unavailable.self) { try Gateway([], port: first.port, journal: Journal()) }
    }
}
