import Basics
import HTTP

/// The four calls of the Lambda Runtime API ("Using the Lambda runtime API for custom runtimes").
struct RuntimeAPI {
    private enum Name {
        static let requestID = "Lambda-Runtime-Aws-Request-Id"
        static let deadline = "Lambda-Runtime-Deadline-Ms"
        static let traceID = "Lambda-Runtime-Trace-Id"
        static let errorType = "Lambda-Runtime-Function-Error-Type"
    }

    /// The Runtime API is gone; the process ends, and Lambda starts another.
    struct Gone: Error, CustomStringConvertible {
        var description: String
    }

    private let base: String
    private let http: HTTPClient

    /// - Parameter address: `host:port`, the value of `AWS_LAMBDA_RUNTIME_API`.
    init(address: String, http: HTTPClient) {
        base = "http://\(address)/2018-06-01/runtime"
        self.http = http
    }

    /// Waits for the next event. An invocation is not complete until this is called again.
    func next() throws(Gone) -> Invocation {
        // No timeout: between two events Lambda freezes the process, sometimes for hours.
        let response = try send("GET", "/invocation/next", timeout: nil)
        guard response.status == 200 else {
            throw Gone(description: "the Runtime API answered \(response.status) to next")
        }
        guard let id = response.header(Name.requestID), !id.isEmpty else {
            throw Gone(description: "the Runtime API sent an event without \(Name.requestID)")
        }
        guard let deadline = response.header(Name.deadline).flatMap(Int.init) else {
            throw Gone(description: "the Runtime API sent an event without \(Name.deadline) in ms")
        }
        return Invocation(
            requestID: id, deadline: Timestamp(milliseconds: deadline), traceID: response.header(Name.traceID),
            payload: response.body)
    }

    /// Sends the function's answer and returns the Runtime API's status.
    func respond(_ payload: [UInt8], to id: String) throws(Gone) -> Int {
        try send("POST", "/invocation/\(id)/response", body: payload).status
    }

    func fail(_ error: FunctionError, _ body: [UInt8], to id: String) throws(Gone) -> Int {
        try send("POST", "/invocation/\(id)/error", headers: [Header(Name.errorType, error.headerType)], body: body)
            .status
    }

    /// Allowed only before the first `next`.
    func failInit(_ error: FunctionError, _ body: [UInt8]) throws(Gone) -> Int {
        try send("POST", "/init/error", headers: [Header(Name.errorType, error.headerType)], body: body).status
    }

    private func send(
        _ method: String, _ path: String, headers: [Header] = [], body: [UInt8] = [], timeout: Milliseconds? = 10_000
    ) throws(Gone) -> Response {
        // Idempotent: the API refuses a second answer to an event, which does no harm. No status calls for a retry.
        let request = Request(
            method, base + path, headers: headers + [Header("Content-Type", "application/json")], body: body,
            timeout: timeout, isIdempotent: true, isRetryable: { _ in false }, isOnThisMachine: true)
        do {
            return try http.send(request)
        } catch {
            throw Gone(description: "the Runtime API cannot be reached: \(error)")
        }
    }
}
