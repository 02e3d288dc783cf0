import HTTP
import JSON

/// One AWS service that speaks JSON: POST to `/`, the action in `X-Amz-Target`. libcurl signs (SigV4).
public struct AWSService {
    private let name: String
    private let endpoint: String
    private let target: String
    private let contentType: String
    private let signature: AWSSignature
    let http: HTTPClient

    /// - Parameters:
    ///   - name: the service in its host name and in signatures, `dynamodb`.
    ///   - identifier: the service in `AWS_ENDPOINT_URL_…`, `DYNAMODB`.
    ///   - target: the prefix of the action in `X-Amz-Target`, `DynamoDB_20120810`.
    ///   - version: of the JSON protocol, `1.0` or `1.1`.
    public init(name: String, identifier: String, target: String, version: String, account: Account, http: HTTPClient) {
        self.name = name
        self.target = target
        endpoint = account.endpoint(name, identifier)
        contentType = "application/x-amz-json-\(version)"
        signature = account.signature(name)
        self.http = http
    }

    /// Calls an action. All of ours are idempotent: reads, absolute writes, or writes with a condition.
    public func call(_ action: String, _ body: JSON) throws(AWSFailure) -> JSON {
        try answer(action, http.sendAll([request(action, body)])[0])
    }

    /// Calls an action on several bodies concurrently and answers in their order.
    public func callAll(_ action: String, _ bodies: [JSON]) -> [Result<JSON, AWSFailure>] {
        http.sendAll(bodies.map { request(action, $0) }).map { result in
            do throws(AWSFailure) { return .success(try answer(action, result)) } catch { return .failure(error) }
        }
    }

    /// The request of an action, to send it along with others; `answer` reads its response.
    public func request(_ action: String, _ body: JSON) -> Request {
        Request(
            "POST", endpoint + "/",
            headers: [Header("Content-Type", contentType), Header("X-Amz-Target", "\(target).\(action)")],
            body: body.bytes, timeout: 5_000, isIdempotent: true, isRetryable: isRetryable, signature: signature)
    }

    var isOnLoopback: Bool { (try? Origin(endpoint))?.isLoopback == true }

    /// The request that opens a connection.
    public var preconnect: Request { .preconnect(endpoint + "/") }

    public func answer(_ action: String, _ result: Result<Response, HTTPFailure>) throws(AWSFailure) -> JSON {
        let action = "\(name) \(action)"
        let response: Response
        do {
            response = try result.get()
        } catch {
            throw .unreachable(action: action, reason: error.description)
        }
        guard response.status == 200 else { throw refusal(action, response) }
        guard let answer = response.body.isEmpty ? .object([:]) : JSON(response.body) else {
            throw .unreadable(action: action)
        }
        return answer
    }
}

/// Reads an error: JSON from the JSON protocols, XML from gateways and some emulators, or anything else.
func refusal(_ action: String, _ response: Response) -> AWSFailure {
    let body = JSON(response.body) ?? .null
    let text = response.text
    // `__type` may carry a namespace before a `#`, the header a URL behind a colon.
    let type = body["__type"]?.string?.split(separator: "#").last
    let headerType = response.header("x-amzn-ErrorType")?.split(separator: ":").first
    let code = (type ?? headerType).map(String.init) ?? element("Code", text) ?? "HTTP\(response.status)"
    let message = body["message"]?.string ?? body["Message"]?.string ?? element("Message", text) ?? ""
    return .refused(action: action, code: code, message: message, details: body)
}

/// The JSON protocols report throttling as HTTP 400, so the code counts as well as the status.
let isRetryable: @Sendable (Response) -> Bool = { response in
    if Request.isRetryableStatus(response) { return true }
    guard response.status == 400, case .refused(_, let code, _, let details) = refusal("", response) else {
        return false
    }
    if code == "TransactionCanceledException" {
        let reasons = (details["CancellationReasons"]?.array ?? []).compactMap { $0["Code"]?.string }
        return reasons.contains { retryable.contains($0) } && !reasons.contains("ConditionalCheckFailed")
    }
    return retryable.contains(code)
}

/// Whether a refusal with this code passes by itself; `HTTP503` stands for an answer without a code.
func isPassing(_ code: String) -> Bool { retryable.contains(code) || code.hasPrefix("HTTP5") || code == "HTTP429" }

private let retryable: Set = [
    "ThrottlingException", "ThrottledException", "TooManyRequestsException", "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded", "ThrottlingError", "RequestLimitExceeded", "TransactionConflict",
    "TransactionConflictException", "TransactionInProgressException", "InternalServerError", "InternalFailure",
    "ServiceUnavailable", "TooManyUpdates",
]

/// The text of the first XML element of that name.
private func element(_ name: String, _ xml: String) -> String? {
    guard let start = xml.firstRange(of: "<\(name)>"), let end = xml.firstRange(of: "</\(name)>"),
        start.upperBound <= end.lowerBound
    else { return nil }
    return String(xml[start.upperBound..<end.lowerBound])
}
