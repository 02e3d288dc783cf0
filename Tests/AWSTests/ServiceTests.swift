import AWS
import HTTP
import JSON
import TestSupport
import Testing

/// The request of a JSON service, and every shape of a refusal.
@Suite struct ServiceTests {
    private func call(_ http: FakeHTTPClient) throws(AWSFailure) -> JSON {
        let service = AWSService(
            name: "ssm", identifier: "SSM", target: "AmazonSSM", version: "1.1", account: .cloud, http: http.client)
        return try service.call("Do", ["b": 1, "a": "é"])
    }

    @Test("A call has the form of the JSON protocol") func request() throws {
        let http = FakeHTTPClient([.answer(200, #"{"done":true}"#)])
        #expect(try call(http) == ["done": true])
        let request = try #require(http.requests.first)
        #expect(request.method == "POST")
        #expect(request.text == #"{"a":"é","b":1}"#)
        #expect(
            request.headers == [
                Header("Content-Type", "application/x-amz-json-1.1"), Header("X-Amz-Target", "AmazonSSM.Do"),
            ])
        #expect(request.signature?.region == "eu-west-1")
        #expect(request.signature?.service == "ssm")
        #expect(request.signature?.accessKeyId == "AKID")
        #expect(request.signature?.secretAccessKey == "secret")
        #expect(request.signature?.sessionToken == "token")
    }

    @Test("An empty answer is an empty object") func emptyAnswer() throws {
        #expect(try call(FakeHTTPClient([.answer(200)])) == [:])
    }

    @Test("An answer without JSON is unreadable", arguments: ["<html>", "{", "\u{0}"])
    func notJSON(_ body: String) {
        #expect(throws: AWSFailure.unreadable(action: "ssm Do")) { try call(FakeHTTPClient([.answer(200, body)])) }
    }

    @Test(
        "A refusal is read from JSON, XML, or its status",
        arguments: [
            (400, #"{"__type":"ParameterNotFound"}"#, nil, "ParameterNotFound", ""),
            (400, #"{"__type":"com.amazon#Code","message":"why"}"#, nil, "Code", "why"),
            (400, #"{"__type":"com.amazonaws.x.v1#Code","Message":"Why"}"#, nil, "Code", "Why"),
            // The body's type is more exact than the header's.
            (400, #"{"__type":"a#Body"}"#, "Header", "Body", ""),
            (403, "{}", "AccessDeniedException", "AccessDeniedException", ""),
            (404, #"{"Message":"m"}"#, "NotFound:http://internal.amazon.com/x/", "NotFound", "m"),
            (404, "", "NotFound:", "NotFound", ""),
            (
                403,
                "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>sig</Message></Error></ErrorResponse>",
                nil, "SignatureDoesNotMatch", "sig"
            ),
            (403, "<?xml version=\"1.0\"?>\n<Error><Code>Denied</Code></Error>", nil, "Denied", ""),
            (413, "<html><body><h1>413</h1></body></html>", nil, "HTTP413", ""),
            (400, "</Code><Code>", nil, "HTTP400", ""),
            (400, "", nil, "HTTP400", ""),
            (400, #"["__type"]"#, nil, "HTTP400", ""),
            (400, #"{"__type":""}"#, nil, "HTTP400", ""),
            (400, #"{"__type":null}"#, nil, "HTTP400", ""),
            (302, "", nil, "HTTP302", ""),
            (201, "{}", nil, "HTTP201", ""),
        ] as [(Int, String, String?, String, String)])
    func refusals(_ status: Int, _ body: String, _ header: String?, _ code: String, _ message: String) {
        let headers = header.map { [Header("x-amzn-ErrorType", $0)] } ?? []
        let http = FakeHTTPClient([.answer(status, body, headers: headers)])
        let details = JSON(Array(body.utf8)) ?? .null
        let expected = AWSFailure.refused(action: "ssm Do", code: code, message: message, details: details)
        #expect(throws: expected) { try call(http) }
        #expect(expected.code == code)
        #expect(http.requests.count == 1)
    }

    @Test(
        "Throttling is retried",
        arguments: [
            "ThrottlingException", "ThrottledException", "TooManyRequestsException",
            "ProvisionedThroughputExceededException", "RequestLimitExceeded", "TransactionConflictException",
            "TransactionInProgressException", "InternalServerError", "TooManyUpdates",
        ])
    func throttling(_ code: String) throws {
        let http = FakeHTTPClient([
            .answer(400, "{\"__type\":\"com.amazonaws#\(code)\"}"),
            .answer(400, "{}", headers: [Header("X-Amzn-ErrorType", "\(code):http://x/")]),
            .answer(500), .answer(200, #"{"third":1}"#),
        ])
        #expect(try call(http) == ["third": 1])
        #expect(http.waits == [100, 200, 400])
    }

    @Test("Throttling that lasts is the failure") func lastingThrottling() {
        let body = #"{"__type":"ThrottlingException","message":"Rate exceeded"}"#
        let http = FakeHTTPClient(Array(repeating: .answer(400, body), count: 4))
        #expect {
            try call(http)
        } throws: {
            ($0 as? AWSFailure)?.code == "ThrottlingException"
                && "\($0)" == "ssm Do was refused: ThrottlingException Rate exceeded"
        }
    }

    @Test("A missing answer is a failure") func noAnswer() {
        let http = FakeHTTPClient([.timedOut])
        let expected = AWSFailure.unreachable(action: "ssm Do", reason: "scripted")
        #expect(throws: expected) { try call(http) }
        #expect(expected.description == "ssm Do had no answer: scripted")
        #expect(AWSFailure.unreadable(action: "ssm Do").description == "ssm Do had an answer that cannot be read")
        #expect(
            AWSFailure.refused(action: "ssm Do", code: "Denied", message: "no right", details: .null).description
                == "ssm Do was refused: Denied no right")
        #expect(expected.code == nil)
    }
}
