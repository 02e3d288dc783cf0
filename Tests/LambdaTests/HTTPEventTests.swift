import JSON
import Lambda
import Testing

@Suite struct HTTPEventTests {
    static let version2: JSON = [
        "version": "2.0", "routeKey": "POST /orders/{sfOrderId}/fulfill", "rawPath": "/orders/801/fulfill",
        "rawQueryString": "",
        "headers": ["content-type": "application/json", "X-SF-Nonce": "n"],
        "requestContext": [
            "http": ["method": "POST", "path": "/orders/801/fulfill", "sourceIp": "203.0.113.25"], "requestId": "r2",
            "timeEpoch": 1_795_169_730_000,
        ],
        "pathParameters": ["sfOrderId": "801"], "body": "{\"a\":\"é\"}", "isBase64Encoded": false,
    ]

    static let version1: JSON = [
        "resource": "/orders/{sfOrderId}/fulfill", "path": "/orders/801/fulfill", "httpMethod": "POST",
        "headers": ["Content-Type": "application/json", "X-SF-Nonce": "n"],
        "multiValueHeaders": ["Content-Type": ["application/json"]], "queryStringParameters": .null,
        "requestContext": [
            "identity": ["sourceIp": "203.0.113.25"], "requestId": "r1", "requestTimeEpoch": 1_795_169_730_000,
        ],
        "pathParameters": ["sfOrderId": "801"], "body": "{\"a\":\"é\"}", "isBase64Encoded": false,
    ]

    @Test("Both payload formats are read alike", arguments: [(version2, "r2"), (version1, "r1")])
    func versions(_ event: JSON, _ requestID: String) throws {
        let request = try HTTPEvent(event.bytes)
        #expect(request.method == "POST")
        #expect(request.routeKey == "POST /orders/{sfOrderId}/fulfill")
        #expect(request.pathParameters == ["sfOrderId": "801"])
        #expect(request.headers == ["content-type": "application/json", "x-sf-nonce": "n"])
        #expect(request.body == Array("{\"a\":\"é\"}".utf8))
        #expect(request.sourceIP == "203.0.113.25")
        #expect(request.requestID == requestID)
        #expect(request.receivedAt?.milliseconds == 1_795_169_730_000)
    }

    @Test("An unreadable time of receipt is none", arguments: ["soon", -1, .null] as [JSON])
    func receipt(_ time: JSON) throws {
        let event = Self.version2.setting(["requestContext", "timeEpoch"], time)
        #expect(try HTTPEvent(event.bytes).receivedAt == nil)
    }

    @Test("An optional member may be missing or null", arguments: [version2, version1])
    func optionalMembers(_ event: JSON) throws {
        for bare in [nil, JSON.null] as [JSON?] {
            let event = ["headers", "pathParameters", "body", "isBase64Encoded"].reduce(event) {
                $0.setting([$1], bare)
            }
            let request = try HTTPEvent(event.bytes)
            #expect(request.headers.isEmpty)
            #expect(request.pathParameters.isEmpty)
            #expect(request.body.isEmpty)
        }
    }

    @Test(
        "A base64 body is decoded",
        arguments: [
            ("", []), ("AP8NCg==", [0, 0xff, 13, 10]), ("w6k=", Array("é".utf8)),
        ] as [(String, [UInt8])])
    func base64(_ text: String, _ body: [UInt8]) throws {
        let event = Self.version2.setting(["body"], .string(text)).setting(["isBase64Encoded"], true)
        #expect(try HTTPEvent(event.bytes).body == body)
    }

    @Test("A body flagged as base64 must be base64", arguments: ["*", "AP8NCg=", "AP8N Cg==", "é"])
    func invalidBase64(_ text: String) {
        let event = Self.version2.setting(["body"], .string(text)).setting(["isBase64Encoded"], true)
        #expect(throws: FunctionError("MalformedEvent", "the event's body is flagged as base64 and is not")) {
            try HTTPEvent(event.bytes)
        }
    }

    @Test("A body that only looks like base64 is not decoded") func notFlagged() throws {
        #expect(try HTTPEvent(Self.version2.setting(["body"], "w6k=").bytes).body == Array("w6k=".utf8))
    }

    /// It is the address of the connection.
    @Test("The source address is never a header's") func source() throws {
        let event = Self.version2.setting(["headers", "X-Forwarded-For"], "127.0.0.1")
        #expect(try HTTPEvent(event.bytes).sourceIP == "203.0.113.25")
    }

    @Test(
        "A malformed request is refused with the member's name",
        arguments: [
            (version2, ["requestContext"], nil, "requestContext is missing"),
            (version2, ["requestContext"], .null, "requestContext is null"),
            (version2, ["requestContext"], "x", "requestContext has the wrong type"),
            (version2, ["requestContext", "http", "method"], nil, "requestContext.http.method is missing"),
            (version2, ["requestContext", "http", "sourceIp"], nil, "requestContext.http.sourceIp is missing"),
            (version2, ["requestContext", "http", "sourceIp"], 7, "requestContext.http.sourceIp has the wrong type"),
            (version2, ["requestContext", "http"], nil, "httpMethod is missing"),
            (version2, ["routeKey"], 7, "routeKey has the wrong type"),
            (version2, ["headers"], ["a": 1], "headers.a has the wrong type"),
            (version2, ["headers"], [], "headers has the wrong type"),
            (version2, ["body"], ["a": 1], "body has the wrong type"),
            (version2, ["isBase64Encoded"], "true", "isBase64Encoded has the wrong type"),
            (version2, ["pathParameters", "sfOrderId"], 801, "pathParameters.sfOrderId has the wrong type"),
            (version1, ["httpMethod"], nil, "httpMethod is missing"),
            (version1, ["resource"], [], "resource has the wrong type"),
            (version1, ["requestContext"], nil, "requestContext is missing"),
            (version1, ["requestContext", "identity"], nil, "requestContext.identity is missing"),
            (version1, ["requestContext", "identity", "sourceIp"], nil, "requestContext.identity.sourceIp is missing"),
        ] as [(JSON, [String], JSON?, String)])
    func faults(_ event: JSON, _ path: [String], _ value: JSON?, _ fault: String) {
        #expect(throws: FunctionError("MalformedEvent", "the event is not an API Gateway request: \(fault)")) {
            try HTTPEvent(event.setting(path, value).bytes)
        }
    }

    @Test(
        "Any other payload is refused",
        arguments: [
            ("", "it is not JSON"), ("{", "it is not JSON"), ("null", "it is null"),
            ("[]", "it has the wrong type"), ("1", "it has the wrong type"), ("{}", "requestContext is missing"),
        ])
    func otherPayloads(_ payload: String, _ fault: String) {
        #expect(throws: FunctionError("MalformedEvent", "the event is not an API Gateway request: \(fault)")) {
            try HTTPEvent(Array(payload.utf8))
        }
    }

    @Test(
        "A reply has the event's payload format",
        arguments: [(version2, nil), (version1, JSON.object([:]))] as [(JSON, JSON?)])
    func reply(_ event: JSON, _ multiValueHeaders: JSON?) throws {
        let reply = try HTTPEvent(event.bytes)
            .reply(202, headers: ["Content-Type": "application/json"], body: Array("{\"a\":\"é/\"}".utf8))
        var expected: JSON = [
            "statusCode": 202, "headers": ["Content-Type": "application/json"], "body": "{\"a\":\"é/\"}",
            "isBase64Encoded": false,
        ]
        if let multiValueHeaders { expected = expected.setting(["multiValueHeaders"], multiValueHeaders) }
        #expect(JSON(reply) == expected)
    }
}

extension JSON {
    /// The same with the member at that path replaced, or removed for nil.
    func setting(_ path: [String], _ value: JSON?) -> JSON {
        guard let name = path.first else { return value ?? .null }
        var members = object ?? [:]
        members[name] = path.count == 1 ? value : (members[name] ?? [:]).setting(Array(path.dropFirst()), value)
        return .object(members)
    }
}
