import Foundation
import JSON

/// Lambda's Invoke action, `POST /2015-03-31/functions/{name}/invocations`: what AWS_ENDPOINT_URL_LAMBDA points at.
struct InvokeAPI: Sendable {
    /// Functions to call, and to hand events to.
    struct Target: Sendable {
        var function: LambdaFunction
        var events: AsyncEvents
    }

    /// Lambda's limits for the payload.
    static let largestPayload = 6 * 1024 * 1024
    static let largestEvent = 1024 * 1024

    var targets: [Target]

    /// The function of that name: its own, its program's, or an ARN, whole or in part, with or without qualifier.
    func target(_ name: String) -> Target? {
        let parts = name.split(separator: ":").map(String.init)
        let plain = parts.firstIndex(of: "function").flatMap { parts.dropFirst($0 + 1).first } ?? parts.first ?? ""
        return targets.first { $0.function.definition.functionName == plain }
            ?? targets.first { $0.function.definition.name == plain }
    }

    func answer(_ request: ServerRequest) -> ServerReply {
        let path = request.path.split(separator: "/").map { String($0).removingPercentEncoding ?? String($0) }
        guard request.method == "POST", path.count == 4, path[0] == "2015-03-31", path[1] == "functions",
            path[3] == "invocations"
        else { return refusal(404, "UnknownOperationException", "Only Invoke is here.") }
        guard request.header("Authorization") != nil else {
            return refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        guard let target = target(path[2]) else {
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
        case "RequestResponse": return invoke(target.function, payload, request.header("X-Amz-Client-Context"))
        case "Event":
            let id = target.events.accept(payload)
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
        // Also when the invocation failed the status is 200: this header tells.
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
