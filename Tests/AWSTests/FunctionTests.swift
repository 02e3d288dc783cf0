import AWS
import HTTP
import JSON
import TestSupport
import Testing

@Suite struct FunctionTests {
    private func invoke(_ canned: CannedTransport) throws -> JSON {
        try Function("refresh", .cloud, canned.client).invoke(["rejectedToken": "é"])
    }

    @Test func bytes() throws {
        let canned = CannedTransport([.answer(200, #"{"ok":1}"#)])
        #expect(try invoke(canned) == ["ok": 1])
        let request = try #require(canned.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/refresh/invocations")
        #expect(request.text == #"{"rejectedToken":"é"}"#)
        #expect(request.header("X-Amz-Invocation-Type") == "RequestResponse")
        #expect(request.signature?.service == "lambda")
    }

    @Test func nullIsAnAnswer() throws {
        #expect(try invoke(CannedTransport([.answer(200, "null")])) == .null)
    }

    @Test(arguments: [
        (#"{"errorType":"TokenRefused","errorMessage":"no"}"#, "refresh failed: TokenRefused: no"),
        (
            #"{"errorMessage":"Task timed out after 3.00 seconds"}"#,
            "refresh failed: Error: Task timed out after 3.00 seconds"
        ),
        ("{}", "refresh failed: Error: "),
    ])
    func itsOwnErrorIsTold(_ body: String, _ description: String) {
        let canned = CannedTransport([.answer(200, body, headers: [Header("x-amz-function-error", "Unhandled")])])
        #expect {
            try invoke(canned)
        } throws: {
            ($0 as? Function.Failed)?.description == description
        }
        // It ran: not tried again.
        #expect(canned.requests.count == 1)
    }

    @Test func aFunctionThatIsNotThere() {
        let canned = CannedTransport([
            .answer(
                404, #"{"Message":"Function not found"}"#,
                headers: [Header("x-amzn-ErrorType", "ResourceNotFoundException")])
        ])
        let expected = AWSFailure.refused(
            action: "lambda Invoke refresh", code: "ResourceNotFoundException", message: "Function not found",
            details: ["Message": "Function not found"])
        #expect(throws: expected) { try invoke(canned) }
    }

    /// The function has one instance at a time; the second caller is told to wait.
    @Test func throttlingIsTriedAgain() throws {
        let canned = CannedTransport([
            .answer(429, #"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#), .answer(200, "1"),
        ])
        #expect(try invoke(canned) == 1)
    }

    @Test func anAnswerThatIsNotJSON() {
        #expect(throws: AWSFailure.unreadable(action: "lambda Invoke refresh")) {
            try invoke(CannedTransport([.answer(200, "<html>")]))
        }
    }

    @Test func noAnswer() {
        let expected = AWSFailure.unreachable(
            action: "lambda Invoke refresh", reason: "scripted", mayHaveHappened: true)
        #expect(throws: expected) { try invoke(CannedTransport([.failed(.timedOut, received: true)])) }
    }
}
