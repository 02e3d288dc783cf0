import Crypto
import Foundation
import HTTP

/// Everything that one process reaches, each service behind a door of its own.
///
/// A door for each process, so that it is known who calls, in which run, and whom to kill.
final class Doors: Sendable {
    private struct Run {
        var number: Int
        var isOver = false
        var order: String?
        var calls = 0
        var callsByAction: [String: Int] = [:]
    }

    private let interposer: Interposer
    private let program: String
    private let run: Monitor<Run>
    /// What stands in a request for the door's own address, and for the address behind it.
    private let installs = Monitor<(ours: String, real: String)>(("", ""))
    private let child = Monitor<Child?>(nil)
    private let doors = Monitor<[OutsideCall.Service: Door]>([:])

    init(_ interposer: Interposer, program: String) throws {
        self.interposer = interposer
        self.program = program
        run = Monitor(Run(number: interposer.nextRun(of: program)))
        for service in OutsideCall.Service.allCases {
            // It holds itself, through its handlers, until it is closed.
            let door = try Door { [self] in answer($0, service) }
            doors.with { $0[service] = door }
        }
        if case .thenRefuses(let service) = interposer.trouble(for: call(.aws, Interposer.start)) {
            door(service)?.refuse()
        }
    }

    /// The environment, with the doors in place of what is behind them.
    func leading(_ environment: [String: String]) -> [String: String] {
        let url = environment["WHMCS_API_URL"]
        var environment = environment.mapValues { value in
            [OutsideCall.Service.salesforce, .whmcs].reduce(value) { value, service in
                value.replacing(interposer.upstream(service), with: door(service)?.address ?? "")
            }
        }
        environment["AWS_ENDPOINT_URL"] = door(.aws)?.address
        for (name, service) in Self.variables { environment["AWS_ENDPOINT_URL_\(name)"] = door(service)?.address }
        if let url, let ours = environment["WHMCS_API_URL"] {
            installs.with { $0 = (Self.hash(ours), Self.hash(url)) }
        }
        return environment
    }

    private static func hash(_ url: String) -> String { hex(sha256(Array(url.utf8))) }

    private static let variables: [(String, OutsideCall.Service)] = [
        ("DYNAMODB", .dynamodb), ("EVENTBRIDGE", .events), ("LAMBDA", .lambda), ("SSM", .ssm),
    ]

    func stand(before child: Child) {
        self.child.with { $0 = child }
    }

    /// What a new process does before its first event counts as part of its first run.
    func beginRun(_ event: [UInt8]) {
        let order = OutsideCall.order(in: event)
        run.with { run in
            if run.isOver { run = Run(number: interposer.nextRun(of: program)) }
            run.order = order
        }
    }

    func endRun() {
        run.with { $0.isOver = true }
        doors.with { Array($0.values) }.forEach { $0.open() }
    }

    func close() {
        run.with { $0.isOver = true }
        let open = doors.with { doors in
            defer { doors = [:] }
            return Array(doors.values)
        }
        open.forEach { $0.close() }
    }

    // MARK: A call

    private func door(_ service: OutsideCall.Service) -> Door? { doors.with { $0[service] } }

    private func call(_ service: OutsideCall.Service, _ action: String) -> OutsideCall {
        run.with { run in
            run.calls += 1
            run.callsByAction["\(service) \(action)", default: 0] += 1
            return OutsideCall(
                program: program, run: run.number, service: service, action: action,
                number: run.callsByAction["\(service) \(action)", default: 0], position: run.calls, order: run.order)
        }
    }

    private func answer(_ request: ServerRequest, _ service: OutsideCall.Service) -> ServerReply {
        guard door(service)?.isRefusing == false else { return .drop }
        let call = call(service, OutsideCall.action(request, service))
        let forward = { self.forward(request, as: call) }
        switch interposer.trouble(for: call) {
        case nil: return forward()
        case .fault(let fault): return fault.apply(to: forward)
        case .withheld:
            let reply = forward()
            waitUntilOver()
            return reply
        case .late:
            waitUntilOver()
            Thread.sleep(forTimeInterval: Trouble.lateness)
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
            interposer.later(seconds) { [self] in _ = self.forward(request, as: call) }
            return .drop
        case .thenRefuses(let refusing):
            let reply = forward()
            door(refusing)?.refuse()
            guard case .answer(let status, let headers, let body) = reply else { return reply }
            return .answer(status: status, headers: headers + [("Connection", "close")], body: body)
        }
    }

    /// The run's own deadline bounds it; the limit is for a stack that is broken.
    private func waitUntilOver() {
        _ = run.wait(until: Date(timeIntervalSinceNow: 60)) { $0.isOver ? true : nil }
    }

    /// Returns when it is gone.
    private func kill() {
        // It may have called before the one who started it has said so.
        guard let child = child.wait(until: Date(timeIntervalSinceNow: 5), { $0 }) else { return }
        child.kill()
        child.waitUntilExit()
    }

    private func forward(_ request: ServerRequest, as call: OutsideCall) -> ServerReply {
        let service = call.service
        let target = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
        // With the door's own name as the host, so that an address that the service makes of it leads back here.
        let headers = request.headers.filter { !Self.ofOneHop.contains($0.name) }
        let result = Result { () throws(HTTPFailure) in
            try HTTPClient.live().send(
                Request(
                    request.method, interposer.upstream(service) + target,
                    headers: headers.map { Header($0.name, $0.value) }, body: body(of: request, service),
                    timeout: 60_000, isIdempotent: false))
        }
        guard case .success(let response) = result else { return .drop }
        interposer.note(Interposer.Exchange(call: call, sent: request.body, received: response.body))
        let kept = response.headers.filter { !Self.ofOneHop.contains($0.name.lowercased()) }
        return .answer(
            status: response.status, headers: kept.map { ($0.name, $0.value) }, body: body(of: response, service))
    }

    private static let ofOneHop: Set = ["connection", "content-length", "date", "expect", "transfer-encoding"]

    /// The ledger remembers a WHMCS install by its address, which here is another for each process.
    private func body(of request: ServerRequest, _ service: OutsideCall.Service) -> [UInt8] {
        let (ours, real) = installs.with { $0 }
        guard service == .dynamodb, !ours.isEmpty else { return request.body }
        return Array(String(decoding: request.body, as: UTF8.self).replacing(ours, with: real).utf8)
    }

    /// The token in Parameter Store names the instance as the process that fetched it saw it.
    private func body(of response: Response, _ service: OutsideCall.Service) -> [UInt8] {
        guard service == .ssm, let door = door(.salesforce) else { return response.body }
        return Array(response.text.replacing(/http:\/\/127\.0\.0\.1:[0-9]+/, with: door.address).utf8)
    }
}
