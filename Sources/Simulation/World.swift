import AWS
import Basics
import HTTP
import JSON
import Lambda
import Orders
import Testbed

/// One episode: virtual time, the services, the processes, and the agenda.
///
/// It runs on one thread at a time: the episode's own, or that of the fiber it waits for.
final class World {
    var now: Timestamp
    var agenda = Agenda()
    var generator: SeededGenerator
    var trace: Trace
    var rates: FaultRates
    let fibers: FiberPool
    let services: Services
    let plan: EpisodePlan
    lazy var lambda = SimulatedLambda(self)
    lazy var invariants = Invariants(self)

    /// Calls that a service will still carry out, and invocations that have not ended.
    var pendingActs = 0
    var running = 0
    var isQuiet: Bool { pendingActs == 0 && running == 0 }

    // Counted for the report.
    var calls = 0
    var kills = 0
    var faults: [String: Int] = [:]

    init(_ plan: EpisodePlan, fibers: FiberPool, keepsLines: Bool) {
        self.plan = plan
        self.fibers = fibers
        now = EpisodePlan.start
        generator = SeededGenerator(seed: plan.seed)
        trace = Trace(keepsLines: keepsLines)
        rates = plan.rates
        services = Services(plan)
    }

    /// Runs the agenda until `end`, until `isDone`, or until an invariant is violated.
    func run(until end: Timestamp, isDone: () -> Bool = { false }) {
        while let next = agenda.nextTime, next <= end, !isDone(), invariants.violations.isEmpty {
            guard let (time, action) = agenda.removeNext() else { return }
            now = max(now, time)
            action()
        }
    }

    func after(_ wait: Milliseconds, _ action: @escaping () -> Void) {
        agenda.add(at: now + wait, action)
    }

    func isDue(_ order: String) -> Bool { invariants.ledger(order)?.dueAt.map { $0 <= now } ?? false }

    func random(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    // MARK: What a process sees

    /// Sends requests, each with a fate of its own. Called on the process's fiber.
    func send(_ requests: [Request], from process: ProcessInstance) -> [Result<Response, HTTPFailure>] {
        guard let execution = process.current, !execution.isKilled, !requests.isEmpty else {
            return requests.map { _ in .failure(HTTPFailure(.timedOut, mayHaveBeenReceived: false, "killed")) }
        }
        let pending = PendingCalls(requests.count)
        for (index, request) in requests.enumerated() {
            begin(request, from: process, execution) { [self] result in
                pending.results[index] = result
                pending.left -= 1
                if pending.left == 0 {
                    let results = pending.results.map { $0 ?? .failure(HTTPFailure.simulated(.timedOut)) }
                    after(0) { execution.resume(results) }
                }
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
            invariants.violated("a call to \(request.url), which no simulated service answers")
            return answer(.failure(HTTPFailure.simulated(.notConnected)))
        }
        calls += 1
        let fate = rates.fate(call.service, latest: services.latest(call), &generator)
        if fate.outcome != .answered { faults["\(fate.outcome.name)", default: 0] += 1 }
        let timeout = request.timeout ?? 30_000
        var isAnswered = false
        func answerOnce(_ result: Result<Response, HTTPFailure>, after wait: Milliseconds) {
            after(wait) {
                guard !isAnswered else { return }
                isAnswered = true
                answer(result)
            }
        }
        if let acts = fate.actsAfter {
            pendingActs += 1
            after(acts) { [self] in
                pendingActs -= 1
                services.carryOut(call, self) { [self] response in
                    trace.add(now, process.name, call.name, "\(response.status)")
                    invariants.check(after: call)
                    if fate.outcome == .answered {
                        answerOnce(.success(response), after: max(1, fate.answersAfter - acts))
                    }
                }
            }
        } else {
            trace.add(now, process.name, call.name, "\(fate.outcome.name), not carried out")
        }
        switch fate.outcome {
        case .answered: break
        case .throttled: answerOnce(.success(services.throttle(call)), after: fate.answersAfter)
        case .nonsense(let status):
            answerOnce(
                .success(Response(status: status, body: Array("<html>gateway</html>".utf8))), after: fate.answersAfter)
        case .broken: answerOnce(.failure(.simulated(.broken)), after: fate.answersAfter)
        case .notConnected: answerOnce(.failure(.simulated(.notConnected)), after: fate.answersAfter)
        case .silent: break
        }
        answerOnce(.failure(.simulated(.timedOut)), after: timeout)
        if let kills = fate.killsAfter { after(kills) { process.kill(execution, "died") } }
    }

    /// Called on the process's fiber.
    func sleep(_ wait: Milliseconds, _ process: ProcessInstance) {
        guard let execution = process.current, !execution.isKilled else { return }
        after(wait) { execution.resume([]) }
        _ = execution.wait()
    }

    func random(upTo bound: Int, _ process: ProcessInstance) -> Int {
        process.current?.isKilled == true ? 0 : random(in: 0...bound)
    }

    func logged(_ line: [UInt8], _ process: ProcessInstance) {
        guard process.current?.isKilled != true else { return }
        invariants.checkNoSecret(line)
        if let alert = JSON(line)?["alert"] { services.alerts.append(alert) }
    }

    func environment(of program: String) -> [String: String] { services.environment(of: program) }
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
