import Crypto
import Foundation
import HTTP

/// The services as one process sees them, each at a listener of its own.
///
/// Every process has its own listeners, so that the proxy knows which program calls, in which run, and which process to
/// kill.
final class ProcessProxy: Sendable {
    private struct Run {
        var number: Int
        var start = Date()
        var isOver = false
        var order: String?
        var calls = 0
        var callsByAction: [String: Int] = [:]
    }

    private let faultProxy: FaultProxy
    private let program: String
    private let run: Monitor<Run>
    /// The hash of WHMCS's URL, as the process sees it and as it is.
    private let whmcsHashes = Monitor<(seen: String, real: String)>(("", ""))
    private let child = Monitor<ChildProcess?>(nil)
    private let listeners = Monitor<[OutboundCall.Service: ProxyListener]>([:])

    init(_ faultProxy: FaultProxy, program: String) throws {
        self.faultProxy = faultProxy
        self.program = program
        run = Monitor(Run(number: faultProxy.nextRun(of: program)))
        for service in OutboundCall.Service.allCases {
            // The handlers keep this object alive until `close`.
            let listener = try ProxyListener { [self] in answer($0, service) }
            listeners.with { $0[service] = listener }
        }
        if case .thenRefuses(let service) = faultProxy.fault(for: call(.aws, OutboundCall.processStart)) {
            listener(service)?.refuseConnections()
        }
    }

    /// The environment with the listeners' URLs in place of the services'.
    func redirect(_ environment: [String: String]) -> [String: String] {
        let realURL = environment["WHMCS_API_URL"]
        var environment = environment.mapValues { value in
            [OutboundCall.Service.salesforce, .whmcs].reduce(value) { value, service in
                value.replacing(faultProxy.upstream(service), with: listener(service)?.url ?? "")
            }
        }
        environment["AWS_ENDPOINT_URL"] = listener(.aws)?.url
        for (name, service) in Self.variables { environment["AWS_ENDPOINT_URL_\(name)"] = listener(service)?.url }
        if let realURL, let seenURL = environment["WHMCS_API_URL"] {
            whmcsHashes.with { $0 = (Self.hash(seenURL), Self.hash(realURL)) }
        }
        return environment
    }

    private static func hash(_ url: String) -> String { hex(sha256(Array(url.utf8))) }

    private static let variables: [(String, OutboundCall.Service)] = [
        ("DYNAMODB", .dynamodb), ("EVENTBRIDGE", .events), ("LAMBDA", .lambda), ("SQS", .sqs), ("SSM", .ssm),
    ]

    func attach(to child: ChildProcess) {
        self.child.with { $0 = child }
    }

    /// Begins a run. A new process's calls before its first event belong to its first run.
    func beginRun(_ event: [UInt8]) {
        let order = OutboundCall.order(in: event)
        run.with { run in
            if run.isOver { run = Run(number: faultProxy.nextRun(of: program)) }
            run.start = Date()
            run.order = order
        }
    }

    func endRun() {
        let run = run.with { run in
            run.isOver = true
            return run
        }
        faultProxy.record(
            FaultProxy.Run(program: program, number: run.number, order: run.order, start: run.start, end: Date()))
        listeners.with { Array($0.values) }.forEach { $0.acceptConnections() }
    }

    func close() {
        run.with { $0.isOver = true }
        let open = listeners.with { listeners in
            defer { listeners = [:] }
            return Array(listeners.values)
        }
        open.forEach { $0.close() }
    }

    // MARK: A call

    private func listener(_ service: OutboundCall.Service) -> ProxyListener? { listeners.with { $0[service] } }

    private func call(_ service: OutboundCall.Service, _ action: String) -> OutboundCall {
        run.with { run in
            run.calls += 1
            run.callsByAction["\(service) \(action)", default: 0] += 1
            return OutboundCall(
                program: program, run: run.number, service: service, action: action,
                number: run.callsByAction["\(service) \(action)", default: 0], position: run.calls, order: run.order)
        }
    }

    private func answer(_ request: ServerRequest, _ service: OutboundCall.Service) -> ServerReply {
        guard listener(service)?.isRefusing == false else { return .drop }
        let call = call(service, OutboundCall.action(request, service))
        let forward = { self.forward(request, as: call) }
        switch faultProxy.fault(for: call) {
        case nil: return forward()
        case .response(let fault): return fault.apply(to: forward)
        case .withheld:
            let reply = forward()
            waitUntilRunIsOver()
            return reply
        case .late(let seconds):
            waitUntilRunIsOver()
            Thread.sleep(forTimeInterval: seconds)
            return forward()
        case .killedBefore:
            kill()
            return .drop
        case .killedAfter:
            _ = forward()
            kill()
            return .drop
        case .killedLate(let seconds):
            kill()
            faultProxy.delay(seconds) { [self] in _ = self.forward(request, as: call) }
            return .drop
        case .thenRefuses(let refusing):
            let reply = forward()
            listener(refusing)?.refuseConnections()
            guard case .answer(let status, let headers, let body) = reply else { return reply }
            return .answer(status: status, headers: headers + [("Connection", "close")], body: body)
        }
    }

    /// The run ends at its own deadline. The limit here is for a testbed that is broken.
    private func waitUntilRunIsOver() {
        _ = run.wait(until: Date(timeIntervalSinceNow: 60)) { $0.isOver ? true : nil }
    }

    /// Kills the process, and returns when it is gone.
    private func kill() {
        // The process may call before `attach`.
        guard let child = child.wait(until: Date(timeIntervalSinceNow: 5), { $0 }) else { return }
        child.kill()
        child.waitUntilExit()
    }

    private func forward(_ request: ServerRequest, as call: OutboundCall) -> ServerReply {
        let service = call.service
        let target = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
        // The Host header stays the listener's, so that a URL that the service derives from it leads back here.
        let headers = request.headers.filter { !Self.hopByHop.contains($0.name) }
        let result = Result { () throws(HTTPFailure) in
            try HTTPClient.live().send(
                Request(
                    request.method, faultProxy.upstream(service) + target,
                    headers: headers.map { Header($0.name, $0.value) }, body: body(of: request, service),
                    timeout: 60_000, isIdempotent: false))
        }
        guard case .success(let response) = result else { return .drop }
        faultProxy.record(
            FaultProxy.Exchange(call: call, path: request.path, sent: request.body, received: response.body))
        let kept = response.headers.filter { !Self.hopByHop.contains($0.name.lowercased()) }
        return .answer(
            status: response.status, headers: kept.map { ($0.name, $0.value) }, body: body(of: response, service))
    }

    private static let hopByHop: Set = ["connection", "content-length", "date", "expect", "transfer-encoding"]

    /// The ledger identifies a WHMCS installation by the hash of its URL, which each process sees differently.
    private func body(of request: ServerRequest, _ service: OutboundCall.Service) -> [UInt8] {
        let (seen, real) = whmcsHashes.with { $0 }
        guard service == .dynamodb, !seen.isEmpty else { return request.body }
        return Array(String(decoding: request.body, as: UTF8.self).replacing(seen, with: real).utf8)
    }

    /// The token in Parameter Store contains the instance's URL as the process that fetched the token saw it.
    private func body(of response: Response, _ service: OutboundCall.Service) -> [UInt8] {
        guard service == .ssm, let listener = listener(.salesforce) else { return response.body }
        return Array(response.text.replacing(/http:\/\/127\.0\.0\.1:[0-9]+/, with: listener.url).utf8)
    }
}
