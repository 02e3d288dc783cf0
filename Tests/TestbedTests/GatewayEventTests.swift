import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct GatewayEventTests {
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

    /// The names and types of all members.
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

    @Test("An event has the members of the sample")
    func hasTheMembersOfTheSample() throws {
        let recorded = try sampleEvent("fulfill.json")
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

    @Test("Headers with the same name are joined, and cookies are separate")
    func joinsHeaders() throws {
        let made = try event(
            request([("x-a", "1"), ("x-a", "2"), ("cookie", "one=1; two=2"), ("user-agent", "curl")]))
        #expect(made["headers"]?["x-a"] == "1,2")
        #expect(made["headers"]?["cookie"] == nil)
        #expect(made["cookies"] == ["one=1", "two=2"])
        #expect(made["requestContext"]?["http"]?["userAgent"] == "curl")
        #expect(made["requestContext"]?["http"]?["sourceIp"] == "127.0.0.1")
        #expect(made["headers"]?["x-forwarded-for"] == "127.0.0.1")
    }

    @Test("Path and query are decoded")
    func decodesPathAndQuery() throws {
        let made = try event(request([], query: "a=1&a=2&b=x+y%26z&c", path: "/orders/a%20b/fulfill"))
        #expect(made["rawPath"] == "/orders/a b/fulfill")
        #expect(made["pathParameters"] == ["sfOrderId": "a b"])
        #expect(made["rawQueryString"] == "a=1&a=2&b=x+y%26z&c")
        #expect(made["queryStringParameters"] == ["a": "1,2", "b": "x y&z", "c": ""])
        #expect(made["body"] == nil)
        #expect(made["isBase64Encoded"] == false)
    }

    @Test(
        "Text stays text, and everything else is base64",
        arguments: [
            ("application/json", "{}", false), ("application/json; charset=utf-8", "{}", false),
            ("application/problem+json", "{}", false), ("TEXT/Plain", "a", false), ("application/xml", "<a/>", false),
            ("application/x-www-form-urlencoded", "a=b", true), ("application/octet-stream", "a", true),
            ("image/png", "a", true),
        ])
    func encodesBodies(type: String, body: String, isBase64: Bool) throws {
        let made = try event(request([("content-type", type)], body: Array(body.utf8)))
        #expect(made["isBase64Encoded"] == .bool(isBase64))
        #expect(made["body"]?.string == (isBase64 ? Data(body.utf8).base64EncodedString() : body))
    }

    @Test("Text that is not UTF-8 is base64")
    func encodesTextThatIsNotUTF8() throws {
        let made = try event(request([("content-type", "text/plain")], body: [0xff, 0x00]))
        #expect(made["isBase64Encoded"] == true)
        #expect(made["body"] == "/wA=")
    }

    @Test("Format 1.0 has its own members")
    func hasTheMembersOfFormat1() throws {
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
