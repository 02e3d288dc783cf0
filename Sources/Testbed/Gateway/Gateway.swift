import Foundation

/// API Gateway's HTTP API, on loopback.
final class Gateway: Sendable {
    /// The limits of an HTTP API.
    struct Limits: Sendable {
        /// Of the request line and the headers.
        var headerBytes = 10_240
        var payloadBytes = 10 * 1024 * 1024
        /// How long the function may take.
        var integration: TimeInterval = 30

        init() {}
    }

    private let server: LoopbackServer

    /// Routes requests to the functions as their definitions say. Port 0 takes a free one.
    ///
    /// - Parameter page: may answer the requests that no function has a route for. They are not written to the journal,
    ///   because the page polls.
    init(
        _ functions: [LambdaFunction], port: UInt16, limits: Limits = Limits(), journal: Journal,
        page: @escaping @Sendable (ServerRequest) -> ServerReply? = { _ in nil }
    ) throws {
        let routes = functions.flatMap { function in
            function.definition.routes.map {
                Router.Route(
                    method: $0.method, path: $0.path, payloadFormatVersion: $0.payloadFormatVersion,
                    function: function)
            }
        }
        let router = Router(routes: routes)
        server = try LoopbackServer(port: port) { request in
            if router.match(request.method, request.path) == nil, let reply = page(request) { return reply }
            return answer(request, router: router, limits: limits, journal: journal)
        }
    }

    var url: String { server.url }

    var port: UInt16 { server.port }

    func stop() {
        server.stop()
    }
}

private func answer(_ request: ServerRequest, router: Router, limits: Limits, journal: Journal) -> ServerReply {
    let requestId = UUID().uuidString.lowercased()
    let reply = answer(request, requestId, router, limits)
    if case .answer(let status, _, _) = reply {
        journal.write("gateway", "\(request.method) \(request.path) \(status)")
    }
    return reply
}

private typealias Limits = Gateway.Limits

private func answer(_ request: ServerRequest, _ requestId: String, _ router: Router, _ limits: Limits) -> ServerReply {
    guard size(ofHead: request) <= limits.headerBytes else {
        return GatewayReply.message(431, "Request Header Fields Too Large", requestId)
    }
    guard let match = router.match(request.method, request.path), let function = match.route.function else {
        return GatewayReply.message(404, "Not Found", requestId)
    }
    guard request.body.count <= limits.payloadBytes else {
        return GatewayReply.message(413, "Request Entity Too Large", requestId)
    }
    let gatewayEvent = GatewayEvent(request: request, match: match, requestId: requestId)
    let event = gatewayEvent.json.bytes
    // Lambda takes less than the gateway.
    guard event.count <= InvokeAPI.largestPayload else {
        return GatewayReply.message(413, "Request Entity Too Large", requestId)
    }
    switch invoke(function, event, gatewayEvent.traceRoot, limit: limits.integration) {
    case .success(let result) where result.errorType == nil:
        return GatewayReply.of(result.payload, version: match.route.payloadFormatVersion, requestId: requestId)
    case .success: return GatewayReply.message(500, "Internal Server Error", requestId)
    // Throttled.
    case .failure, nil: return GatewayReply.message(503, "Service Unavailable", requestId)
    }
}

/// Returns nil when the function takes longer than the gateway waits. The function goes on.
private func invoke(
    _ function: LambdaFunction, _ event: [UInt8], _ traceRoot: String, limit: TimeInterval
) -> Result<InvocationResult, LambdaFunction.Throttled>? {
    let outcome = Monitor<Result<InvocationResult, LambdaFunction.Throttled>?>(nil)
    onThread("gateway") {
        let result = Result { () throws(LambdaFunction.Throttled) in try function.invoke(event, traceRoot: traceRoot) }
        outcome.with { $0 = result }
    }
    return outcome.wait(until: Date(timeIntervalSinceNow: limit)) { $0 }
}

/// In bytes, as on the wire.
private func size(ofHead request: ServerRequest) -> Int {
    let line = request.method.utf8.count + request.path.utf8.count + request.query.utf8.count + " ? HTTP/1.1\r\n".count
    return request.headers.reduce(line) { $0 + $1.name.utf8.count + $1.value.utf8.count + ": \r\n".count }
}
