import JSON
import Testing

@testable import Testbed

@Suite struct InvokeAPITests {
    private func post(
        _ name: String = "echo", _ body: String = #"{"do":"echo"}"#, type: String? = nil, signed: Bool = true,
        path: String? = nil, reserved: Int? = nil
    ) -> (status: Int, headers: [(name: String, value: String)], body: JSON) {
        let definition = FunctionDefinition(name: "echo", functionName: "stack-echo", reservedConcurrency: reserved)
        return withFunction(definition) { function in
            let invoker = AsyncInvoker(function, timeScale: 0, journal: Journal()) { _, _ in }
            let api = InvokeAPI(functions: [HostedFunction(lambda: function, asyncInvoker: invoker)])
            var headers: [(name: String, value: String)] = signed ? [("authorization", "AWS4-HMAC-SHA256 …")] : []
            if let type { headers.append(("x-amz-invocation-type", type)) }
            let request = ServerRequest(
                method: "POST", path: path ?? "/2015-03-31/functions/\(name)/invocations", query: "",
                headers: headers, body: Array(body.utf8))
            guard case .answer(let status, let replied, let bytes) = api.answer(request) else { return (0, [], .null) }
            return (status, replied, JSON(bytes) ?? .null)
        }
    }

    @Test(
        "A function is found by its names and its ARN",
        arguments: [
            "echo", "stack-echo", "stack-echo:live", "123456789012:function:stack-echo",
            "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Astack-echo%3Alive",
        ])
    func findsAFunction(name: String) {
        let reply = post(name)
        #expect(reply.status == 200)
        #expect(reply.body["event"] == ["do": "echo"])
        #expect(!reply.headers.contains { $0.name == "X-Amz-Function-Error" })
    }

    @Test("An error of the function has status 200 and a header")
    func reportsAFunctionError() {
        let reply = post("echo", #"{"do":"error"}"#)
        #expect(reply.status == 200)
        #expect(reply.headers.first { $0.name == "X-Amz-Function-Error" }?.value == "Unhandled")
        #expect(reply.body["errorMessage"] == "no")
    }

    @Test("The invocation type decides the status")
    func knowsTheInvocationTypes() {
        #expect(post(type: "Event").status == 202)
        #expect(post(type: "DryRun").status == 204)
        #expect(post(type: "Whatever").status == 400)
    }

    @Test("An empty payload is an empty object")
    func takesAnEmptyPayload() {
        #expect(post("echo", "").body["event"] == [:])
    }

    @Test("Wrong requests and throttled ones are refused as Lambda refuses them")
    func refusesAsLambdaDoes() {
        #expect(post("other").status == 404)
        #expect(post(signed: false).status == 403)
        #expect(post("echo", "{").status == 400)
        #expect(post(path: "/2015-03-31/functions").status == 404)
        #expect(
            post("echo", "\"" + String(repeating: "x", count: InvokeAPI.largestEvent) + "\"", type: "Event").status
                == 413)
        let throttled = post(reserved: 0)
        #expect(throttled.status == 429)
        #expect(throttled.headers.first { $0.name == "x-amzn-ErrorType" }?.value == "TooManyRequestsException")
    }
}
