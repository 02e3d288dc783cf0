import Basics
import HTTP
import Orders
import Testbed

/// The calls of the processes, each with a fate of its own.
extension World {
    /// Called on the process's fiber, which stops until all answers are there.
    func send(_ requests: [Request], from process: ProcessInstance) -> [Result<Response, HTTPFailure>] {
        guard let execution = process.current, !execution.isKilled, !requests.isEmpty else {
            return requests.map { _ in .failure(HTTPFailure(.timedOut, mayHaveBeenReceived: false, "killed")) }
        }
        let pending = PendingCalls(requests.count)
        let stall = drawStall(of: execution)
        if stall > 0 { execution.isDisturbed = true }
        for (index, request) in requests.enumerated() {
            let finish = { [self] (result: Result<Response, HTTPFailure>) in
                pending.results[index] = result
                pending.left -= 1
                if pending.left == 0 {
                    let results = pending.results.map { $0 ?? .failure(HTTPFailure.simulated(.timedOut)) }
                    after(0) { execution.resume(results) }
                }
            }
            guard stall > 0 else {
                begin(request, from: process, execution, finish)
                continue
            }
            after(stall) { [self] in
                if !execution.isKilled { begin(request, from: process, execution, finish) }
            }
        }
        let answers = execution.wait()
        guard answers.count == requests.count else {
            return requests.map { _ in .failure(HTTPFailure(.timedOut, mayHaveBeenReceived: true, "killed")) }
        }
        return answers
    }

    private func begin(
        _ request: Request, from process: ProcessInstance, _ execution: Execution,
        _ answer: @escaping (Result<Response, HTTPFailure>) -> Void
    ) {
        // A preconnect changes nothing.
        guard request.method != "HEAD" else { return answer(.success(Response(status: 404))) }
        guard let call = OutboundCall(request) else {
            invariants.violated(.unknownCall, "to \(request.url)")
            return answer(.failure(HTTPFailure.simulated(.notConnected)))
        }
        calls += 1
        let fate = outageFate(of: call, from: process) ?? drawFate(of: call, execution)
        if fate.outcome != .answered || fate.killsAfter != nil { execution.isDisturbed = true }
        if call.service == .whmcs, call.action == "AddOrder" { execution.addsOrder = true }
        var isAnswered = false
        if call.service == .whmcs { meter.callsAtWHMCS += 1 }
        func answerOnce(_ result: Result<Response, HTTPFailure>, after wait: Milliseconds) {
            after(wait) { [self] in
                guard !isAnswered else { return }
                isAnswered = true
                if call.service == .whmcs { meter.callsAtWHMCS -= 1 }
                answer(result)
            }
        }
        if let acts = fate.actsAfter {
            carryOut(call, of: process, after: acts) { response in
                if fate.outcome == .answered {
                    answerOnce(.success(response), after: max(1, fate.answersAfter - acts))
                }
            }
        } else {
            trace.add(
                now, process.name, call.name, "\(fate.outcome.name), not carried out", details: call.details)
        }
        switch fate.outcome {
        case .answered: break
        case .throttled: answerOnce(.success(services.throttle(call, self)), after: fate.answersAfter)
        case .nonsense(let status): answerOnce(.success(services.nonsense(status, call)), after: fate.answersAfter)
        case .broken: answerOnce(.failure(.simulated(.broken)), after: fate.answersAfter)
        case .notConnected: answerOnce(.failure(.simulated(.notConnected)), after: fate.answersAfter)
        case .silent: break
        }
        answerOnce(.failure(.simulated(.timedOut)), after: request.timeout ?? 30_000)
        if let kills = fate.killsAfter { after(kills) { process.kill(execution, "died") } }
    }

    private func carryOut(
        _ call: OutboundCall, of process: ProcessInstance, after wait: Milliseconds,
        _ reply: @escaping (Response) -> Void
    ) {
        pendingActs += 1
        let work = invariants.begins(call)
        after(wait) { [self] in
            pendingActs -= 1
            if let work { invariants.ends(work) }
            services.carryOut(call, self) { [self] response in
                trace.add(now, process.name, call.name, "\(response.status)", details: call.details)
                meter.count(call, of: process.program, response)
                invariants.check(after: call)
                reply(response)
            }
        }
    }

    // MARK: Fates

    private func drawFate(of call: OutboundCall, _ execution: Execution) -> Fate {
        let plain = plan.burst?.fate(of: call.service) ?? rates.plain(call.service, &generator)
        let fate = rates.faulty(plain, latest: services.latest(call), &generator)
        guard fate != plain, isNextFaultAllowed(for: execution) else { return plain }
        if fate.outcome != .answered { faults[fate.outcome.name, default: 0] += 1 }
        return fate
    }

    private func drawStall(of execution: Execution) -> Milliseconds {
        guard generator.chance(rates.stall) else { return 0 }
        let stall = random(in: 1...20_000)
        guard isNextFaultAllowed(for: execution) else { return 0 }
        faults["stalled process", default: 0] += 1
        return stall
    }

    private func isNextFaultAllowed(for execution: Execution) -> Bool {
        faultCount += 1
        if plan.burst != nil, let order = execution.order, !faultyOrders.insert(order).inserted { return false }
        return plan.onlyFaults?.contains(faultCount) ?? true
    }
}

private final class PendingCalls {
    var results: [Result<Response, HTTPFailure>?]
    var left: Int

    init(_ count: Int) {
        results = Array(repeating: nil, count: count)
        left = count
    }
}

extension HTTPFailure {
    static func simulated(_ kind: Kind) -> HTTPFailure {
        HTTPFailure(kind, mayHaveBeenReceived: kind != .notConnected, "simulated")
    }
}

extension Fate.Outcome {
    var name: String {
        switch self {
        case .answered: "answered"
        case .throttled: "throttled"
        case .nonsense: "nonsense"
        case .broken: "broken connection"
        case .notConnected: "not connected"
        case .silent: "no answer"
        }
    }
}
