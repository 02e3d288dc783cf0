import Testing

@testable import Testbed

@Suite struct GatewayReplyTests {
    private func reply(_ payload: String, version: String = "2.0") -> (status: Int, headers: [String], body: String) {
        let reply = GatewayReply.of(Array(payload.utf8), version: version, requestId: "r-1")
        guard case .answer(let status, let headers, let body) = reply else { return (0, [], "") }
        return (status, headers.map { "\($0.name): \($0.value)" }, String(decoding: body, as: UTF8.self))
    }

    @Test("Status, headers, cookies and body are taken from the answer")
    func takesTheAnswer() {
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

    @Test("A base64 body is decoded")
    func decodesBase64() {
        #expect(reply(#"{"statusCode":"200","body":"aGk=","isBase64Encoded":true}"#).body == "hi")
        #expect(reply(#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#).status == 500)
    }

    @Test("In format 2.0 an answer without a status code is the body of a 200")
    func wrapsAnAnswerWithoutStatus() {
        let made = reply(#"{"hello":"harness"}"#)
        #expect(made.status == 200)
        #expect(made.headers.contains("content-type: application/json"))
        #expect(made.body == #"{"hello":"harness"}"#)
        #expect(reply(#"{"hello":"harness"}"#, version: "1.0").status == 500)
    }

    @Test(
        "A malformed answer is an internal server error",
        arguments: [
            "not JSON", #"{"statusCode":"ok"}"#, #"{"statusCode":200,"body":{"a":1}}"#, #"{"statusCode":99}"#,
        ])
    func refusesAMalformedAnswer(payload: String) {
        let made = reply(payload)
        #expect(made.status == 500)
        #expect(made.body == #"{"message":"Internal Server Error"}"#)
    }

    @Test("A header may have several values")
    func takesSeveralValues() {
        let made = reply(#"{"statusCode":200,"multiValueHeaders":{"X-A":["1","2"]},"body":""}"#, version: "1.0")
        #expect(made.headers.contains("x-a: 1") && made.headers.contains("x-a: 2"))
    }
}
