import AWS
import HTTP
import JSON
import TestSupport
import Testing

/// What all JSON services have in common: the request, and every shape of a refusal.
@Suite struct ServiceTests {
    private func call(_ canned: CannedTransport) throws(AWSFailure) -> JSON {
        let service = AWSService(
            name: "ssm", identifier: "SSM", target: "AmazonSSM", version: "1.1", account: .cloud, http: canned.client)
        return try service.call("Do", ["b": 1, "a": "é"])
    }

    @Test func theRequest() throws {
        let canned = CannedTransport([.answer(200, #"{"done":true}"#)])
        #expect(try call(canned) == ["done": true])
        let request = try #require(canned.requests.first)
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

    @Test func anEmptyAnswerIsAnEmptyObject() throws {
        #expect(try call(CannedTransport([.answer(200)])) == [:])
    }

    @Test(arguments: ["<html>", "{", "\u{0}"])
    func anAnswerThatIsNotJSON(_ body: String) {
        #expect(throws: AWSFailure.unreadable(action: "ssm Do")) { try call(CannedTransport([.answer(200, body)])) }
    }

    @Test(
        arguments: [
            (400, #"{"__type":"ParameterNotFound"}"#, nil, "ParameterNotFound", ""),
            (400, #"{"__type":"com.amazon#Code","message":"why"}"#, nil, "Code", "why"),
            (400, #"{"__type":"com.amazonaws.x.v1#Code","Message":"Why"}"#, nil, "Code", "Why"),
            // The body's type is the more exact one.
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
        let canned = CannedTransport([.answer(status, body, headers: headers)])
        let details = JSON(Array(body.utf8)) ?? .null
        let expected = AWSFailure.refused(action: "ssm Do", code: code, message: message, details: details)
        #expect(throws: expected) { try call(canned) }
        #expect(expected.code == code)
        #expect(canned.requests.count == 1)
    }

    @Test(arguments: [
        "ThrottlingException", "ThrottledException", "TooManyRequestsException",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "TransactionConflictException",
        "TransactionInProgressException", "InternalServerError", "TooManyUpdates",
    ])
    func throttlingIsTriedAgain(_ code: String) throws {
        let canned = CannedTransport([
            .answer(400, "{\"__type\":\"com.amazonaws#\(code)\"}"),
            .answer(400, "{}", headers: [Header("X-Amzn-ErrorType", "\(code):http://x/")]),
            .answer(500), .answer(200, #"{"third":1}"#),
        ])
        #expect(try call(canned) == ["third": 1])
        #expect(canned.sleeps == [100, 200, 400])
    }

    @Test func throttlingThatDoesNotPassIsTheError() {
        let body = #"{"__type":"ThrottlingException","message":"Rate exceeded"}"#
        let canned = CannedTransport(Array(repeating: .answer(400, body), count: 4))
        #expect {
            try call(canned)
        } throws: {
            ($0 as? AWSFailure)?.code == "ThrottlingException"
                && "\($0)" == "ssm Do was refused: ThrottlingException Rate exceeded"
        }
    }

    @Test(arguments: [(HTTPFailure.Kind.timedOut, true), (.refused, false)])
    func withoutAnAnswerItMayHaveHappenedOrNot(_ kind: HTTPFailure.Kind, _ received: Bool) {
        let canned = CannedTransport([.failed(kind, received: received)])
        let expected = AWSFailure.unreachable(action: "ssm Do", reason: "scripted", mayHaveHappened: received)
        #expect(throws: expected) { try call(canned) }
        #expect(expected.description == "ssm Do had no answer: scripted")
        #expect(expected.code == nil)
    }
}
