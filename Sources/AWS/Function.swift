import HTTP
import JSON

/// Another Lambda function.
public struct Function {
    /// The function ran and failed; the description has its error's type and message.
    public struct Failed: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    private let name: String
    private let endpoint: String
    private let signature: AWSSignature
    private let http: HTTPClient

    /// - Parameter name: not an ARN: a signature encodes its colons twice, which not every libcurl does.
    public init(_ name: String, _ account: Account, _ http: HTTPClient) {
        self.name = name
        endpoint = account.endpoint("lambda", "LAMBDA")
        signature = account.signature("lambda")
        self.http = http
    }

    /// Invokes the function and waits for its answer.
    ///
    /// - Throws: `AWSFailure` when Lambda does not run it, `Failed` when the function fails.
    public func invoke(_ payload: JSON) throws -> JSON {
        let action = "lambda Invoke \(name)"
        let request = Request(
            "POST", "\(endpoint)/2015-03-31/functions/\(name)/invocations",
            headers: [Header("Content-Type", "application/json"), Header("X-Amz-Invocation-Type", "RequestResponse")],
            body: payload.bytes, timeout: 35_000, isIdempotent: true, isRetryable: isRetryable, signature: signature)
        let response: Response
        do {
            response = try http.send(request)
        } catch {
            throw AWSFailure.unreachable(action: action, reason: error.description)
        }
        guard response.status == 200 else { throw refusal(action, response) }
        guard let answer = JSON(response.body) else { throw AWSFailure.unreadable(action: action) }
        guard response.header("X-Amz-Function-Error") == nil else {
            let type = answer["errorType"]?.string ?? "Error"
            throw Failed(description: "\(name) failed: \(type): \(answer["errorMessage"]?.string ?? "")")
        }
        return answer
    }
}
