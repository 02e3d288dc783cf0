import Foundation
import JSON

/// Lambda's Invoke action, `POST /2015-03-31/functions/{name}/invocations`. AWS_ENDPOINT_URL_LAMBDA points here.
struct InvokeAPI: Sendable {
    /// Lambda's limits of a payload, in bytes.
    static let largestPayload = 6 * 1024 * 1024
    static let largestEvent = 1024 * 1024

    var functions: [HostedFunction]

    /// Finds a function by its name, its program's name, or its ARN, whole or in part, with or without a qualifier.
    func function(_ name: String) -> HostedFunction? {
        let parts = name.split(separator: ":").map(String.init)
        let plain = parts.firstIndex(of: "function").flatMap { parts.dropFirst($0 + 1).first } ?? parts.first ?? ""
        return functions.first { $0.definition.functionName == plain }
            ?? functions.first { $0.definition.name == plain }
    }

    func answer(_ request: ServerRequest) -> ServerReply {
        let path = request.path.split(separator: "/").map { String($0).removingPercentEncoding ?? String($0) }
        guard request.method == "POST", path.count == 4, path[0] == "2015-03-31", path[1] == "functions",
            path[3] == "invocations"
        else { return refusal(404, "UnknownOperationException", "Only Invoke is supported.") }
        guard request.header("Authorization") != nil else {
            return refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        guard let function = function(path[2]) else {
            return refusal(404, "ResourceNotFoundException", "Function not found: \(path[2])")
        }
        let payload = request.body.isEmpty ? Array("{}".utf8) : request.body
        let type = request.header("X-Amz-Invocation-Type") ?? "RequestResponse"
        guard payload.count <= (type == "Event" ? Self.largestEvent : Self.largestPayload) else {
            return refusal(413, "RequestTooLargeException", "The payload is \(payload.count) bytes: too large.")
        }
        guard JSON(payload) != nil else {
            return refusal(400, "InvalidRequestContentException", "Could not parse request body into json.")
        }
        switch type {
        case "RequestResponse": return invoke(function.lambda, payload, request.header("X-Amz-Client-Context"))
        case "Event":
            let id = function.asyncInvoker.accept(payload)
            return .answer(status: 202, headers: [("x-amzn-RequestId", id)])
        case "DryRun": return .answer(status: 204)
        default: return refusal(400, "InvalidParameterValueException", "Unknown invocation type: \(type)")
        }
    }

    private func invoke(_ function: LambdaFunction, _ payload: [UInt8], _ context: String?) -> ServerReply {
        let clientContext = context.flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
        guard let result = try? function.invoke(payload, clientContext: clientContext) else {
            return refusal(
                429, "TooManyRequestsException", "Rate Exceeded.",
                ["Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"])
        }
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("X-Amz-Executed-Version", "$LATEST"),
            ("x-amzn-RequestId", result.requestId),
        ]
        // The status is 200 also when the invocation failed. This header tells the difference.
        if result.errorType != nil { headers.append(("X-Amz-Function-Error", "Unhandled")) }
        return .answer(status: 200, headers: headers, body: result.payload)
    }

    private func refusal(
        _ status: Int, _ type: String, _ message: String, _ more: [String: JSON] = [:]
    ) -> ServerReply {
        let body: [String: JSON] = ["Type": "User", "message": .string(message)]
        return .answer(
            status: status, headers: [("Content-Type", "application/json"), ("x-amzn-ErrorType", type)],
            body: JSON.object(body.merging(more) { $1 }).bytes)
    }
}
