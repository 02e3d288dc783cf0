import AWS
import HTTP
import JSON
import TestSupport
import Testing

@Suite struct FunctionTests {
    private func invoke(_ http: FakeHTTPClient) throws -> JSON {
        try Function("refresh", .cloud, http.client).invoke(["rejectedToken": "é"])
    }

    @Test("Invoke has the documented form") func request() throws {
        let http = FakeHTTPClient([.answer(200, #"{"ok":1}"#)])
        #expect(try invoke(http) == ["ok": 1])
        let request = try #require(http.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/refresh/invocations")
        #expect(request.text == #"{"rejectedToken":"é"}"#)
        #expect(request.header("X-Amz-Invocation-Type") == "RequestResponse")
        #expect(request.signature?.service == "lambda")
    }

    @Test("A function may answer null") func nullAnswer() throws {
        #expect(try invoke(FakeHTTPClient([.answer(200, "null")])) == .null)
    }

    @Test(
        "The function's own error is reported",
        arguments: [
            (#"{"errorType":"TokenRefused","errorMessage":"no"}"#, "refresh failed: TokenRefused: no"),
            (
                #"{"errorMessage":"Task timed out after 3.00 seconds"}"#,
                "refresh failed: Error: Task timed out after 3.00 seconds"
            ),
            ("{}", "refresh failed: Error: "),
        ])
    func functionError(_ body: String, _ description: String) {
        let http = FakeHTTPClient([.answer(200, body, headers: [Header("x-amz-function-error", "Unhandled")])])
        #expect {
            try invoke(http)
        } throws: {
            ($0 as? Function.Failed)?.description == description
        }
        // It ran, so that the call is not retried.
        #expect(http.requests.count == 1)
    }

    @Test("A missing function is refused") func missing() {
        let http = FakeHTTPClient([
            .answer(
                404, #"{"Message":"Function not found"}"#,
                headers: [Header("x-amzn-ErrorType", "ResourceNotFoundException")])
        ])
        let expected = AWSFailure.refused(
            action: "lambda Invoke refresh", code: "ResourceNotFoundException", message: "Function not found",
            details: ["Message": "Function not found"])
        #expect(throws: expected) { try invoke(http) }
    }

    /// The function has one instance; Lambda throttles the second caller.
    @Test("Throttling is retried") func throttling() throws {
        let http = FakeHTTPClient([
            .answer(429, #"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#), .answer(200, "1"),
        ])
        #expect(try invoke(http) == 1)
    }

    @Test("An answer without JSON is unreadable") func notJSON() {
        #expect(throws: AWSFailure.unreadable(action: "lambda Invoke refresh")) {
            try invoke(FakeHTTPClient([.answer(200, "<html>")]))
        }
    }

    @Test("A missing answer is a failure") func noAnswer() {
        let expected = AWSFailure.unreachable(
            action: "lambda Invoke refresh", reason: "scripted")
        #expect(throws: expected) { try invoke(FakeHTTPClient([.failed(.timedOut, received: true)])) }
    }
}
