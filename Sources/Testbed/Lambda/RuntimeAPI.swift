import Basics
import Foundation
import JSON

/// The Runtime API, version 2018-06-01, of one process.
final class RuntimeAPI: Sendable {
    /// The largest response that Lambda takes, in bytes: 6 MiB and a little.
    static let largestResponse = 6 * 1024 * 1024 + 100

    private struct State {
        var isInitialised = false
        var isClosed = false
        var initError: InvocationResult?
        /// The event for the next call of `next`.
        var offered: Invocation?
        /// The event that the program has taken and not answered yet.
        var running: Invocation?
        var result: InvocationResult?
        /// The number of calls of `next`. A program whose connection broke calls again. Only the last call may take the
        /// event: nobody reads the answers to the others.
        var nextCalls = 0
    }

    private let state = Monitor(State())
    private let server = Monitor<LoopbackServer?>(nil)
    private let definition: FunctionDefinition

    init(_ definition: FunctionDefinition) throws {
        self.definition = definition
        let server = try LoopbackServer { [weak self] in self?.answer($0) ?? .drop }
        self.server.with { $0 = server }
    }

    /// The value of AWS_LAMBDA_RUNTIME_API.
    var address: String { "127.0.0.1:\(server.with { $0?.port ?? 0 })" }

    /// Ends every waiting call, and takes no more. `result(by:)` then returns nil.
    func close() {
        state.with { $0.isClosed = true }
        server.with { $0.take() }?.stop()
    }

    // MARK: Lambda's side

    func offer(_ invocation: Invocation) {
        state.with {
            $0.offered = invocation
            $0.result = nil
        }
    }

    enum Start {
        /// The program has taken the event, and must answer by the deadline.
        case taken(deadline: Timestamp?)
        case initFailed(InvocationResult)
        /// The process has ended, or did not take the event in time.
        case never(wasInitialised: Bool)
    }

    /// Waits until the program has taken the offered event.
    func started(by limit: Date) -> Start {
        let start: Start? = state.wait(until: limit) {
            if let running = $0.running { return .taken(deadline: running.deadline) }
            // The program has already answered.
            if $0.result != nil { return .taken(deadline: nil) }
            if let error = $0.initError { return .initFailed(error) }
            return $0.isClosed ? .never(wasInitialised: $0.isInitialised) : nil
        }
        return start ?? .never(wasInitialised: state.with { $0.isInitialised })
    }

    /// Waits for the answer. Returns nil when the process ends first, and at the deadline.
    func result(by deadline: Timestamp?) -> InvocationResult? {
        let result: InvocationResult?? = state.wait(until: deadline.map { Date($0) }) {
            if let result = $0.result { return .some(result) }
            return $0.isClosed ? .some(nil) : nil
        }
        return result ?? nil
    }

    // MARK: The program's side

    private func answer(_ request: ServerRequest) -> ServerReply {
        let path = request.path.split(separator: "/").map(String.init)
        switch (request.method, path.first == "2018-06-01" ? Array(path.dropFirst()) : path) {
        case ("GET", ["runtime", "invocation", "next"]): return next()
        case ("POST", ["runtime", "init", "error"]): return initError(request)
        case ("GET", ["ping"]): return .answer(status: 200, body: Array("pong".utf8))
        case ("POST", let parts) where parts.count == 4 && parts[0...1] == ["runtime", "invocation"]:
            switch parts[3] {
            case "response": return response(request, to: parts[2])
            case "error": return error(request, of: parts[2])
            default: return .answer(status: 404)
            }
        default: return .answer(status: 404)
        }
    }

    private func next() -> ServerReply {
        let call = state.with {
            $0.isInitialised = true
            $0.nextCalls += 1
            return $0.nextCalls
        }
        let event: Invocation?? = state.wait {
            if $0.isClosed || $0.nextCalls != call { return .some(nil) }
            // The program asks again before it has answered. Lambda returns the same event.
            if let running = $0.running { return running }
            guard var offered = $0.offered else { return nil }
            offered.deadline = Timestamp.now() + 1000 * definition.timeoutSeconds
            $0.offered = nil
            $0.running = offered
            return offered
        }
        guard let event, let event else { return .drop }
        return .answer(status: 200, headers: headers(of: event), body: event.payload)
    }

    private func headers(of event: Invocation) -> [(name: String, value: String)] {
        let headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", event.requestId),
            ("Lambda-Runtime-Deadline-Ms", String(event.deadline.milliseconds)),
            ("Lambda-Runtime-Invoked-Function-Arn", definition.arn),
            // Of active tracing AWS samples the first request of each second and a twentieth of the others: here all are.
            (
                "Lambda-Runtime-Trace-Id",
                "Root=\(event.traceRoot);Parent=\(event.segment);Sampled=\(definition.isTraced ? 1 : 0)"
            ),
        ]
        // Lambda omits an empty header.
        return headers + (event.clientContext.map { [("Lambda-Runtime-Client-Context", $0)] } ?? [])
    }

    private func response(_ request: ServerRequest, to id: String) -> ServerReply {
        if let mode = request.header("Lambda-Runtime-Function-Response-Mode"), mode.lowercased() != "streaming" {
            return refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode: \(mode)")
        }
        guard request.body.count <= Self.largestResponse else {
            // The caller gets its answer at once, and the program goes on.
            let message =
                "Response payload size exceeded maximum allowed payload size (\(Self.largestResponse) bytes)."
            let result = InvocationResult.failed(id, "Function.ResponseSizeTooLarge", message)
            guard finish(id, result) else { return unknownId() }
            return refusal(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size.")
        }
        return finish(id, InvocationResult(requestId: id, payload: request.body)) ? accepted() : unknownId()
    }

    private func error(_ request: ServerRequest, of id: String) -> ServerReply {
        let result = InvocationResult(requestId: id, payload: request.body, errorType: errorType(of: request))
        return finish(id, result) ? accepted() : unknownId()
    }

    private func initError(_ request: ServerRequest) -> ServerReply {
        let isFirst = state.with {
            guard !$0.isInitialised, $0.initError == nil else { return false }
            let id = $0.offered?.requestId ?? ""
            $0.initError = InvocationResult(requestId: id, payload: request.body, errorType: errorType(of: request))
            return true
        }
        guard isFirst else {
            return refusal(403, "InvalidStateTransition", "Transition from Ready to InitError is not allowed.")
        }
        return accepted()
    }

    /// Returns false for an id that is not of the running invocation, which may be wrong, old or answered.
    private func finish(_ id: String, _ result: InvocationResult) -> Bool {
        state.with {
            guard $0.running?.requestId == id else { return false }
            $0.running = nil
            $0.result = result
            return true
        }
    }

    /// Lambda records a type as unknown unless it has the form `Function.Reason` or `Runtime.Reason`.
    private func errorType(of request: ServerRequest) -> String {
        let given = request.header("Lambda-Runtime-Function-Error-Type") ?? ""
        if given.wholeMatch(of: /(Runtime|Function)\.[A-Z][A-Za-z]+/) != nil { return given }
        return given.hasPrefix("Function.") ? "Function.Unknown" : "Runtime.Unknown"
    }

    private func accepted() -> ServerReply { .json(202, Array(#"{"status":"OK"}"#.utf8)) }

    private func unknownId() -> ServerReply { refusal(400, "InvalidRequestID", "Invalid request ID") }

    private func refusal(_ status: Int, _ type: String, _ message: String) -> ServerReply {
        let error: JSON = ["errorType": .string(type), "errorMessage": .string(message)]
        return .json(status, error.bytes)
    }
}
