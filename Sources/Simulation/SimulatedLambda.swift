import Basics
import JSON
import Lambda

/// Lambda: starts, reuses and discards processes, and retries asynchronous events.
final class SimulatedLambda {
    private unowned let world: World
    private var busy: [String: [ProcessInstance]] = [:]
    /// In the order of their starts.
    private var idle: [String: [ProcessInstance]] = [:]
    private var count = 0

    init(_ world: World) {
        self.world = world
    }

    /// As `template.yaml` has it.
    private static let timeouts: [String: Milliseconds] = [
        "verify-signature": 10_000, "provision-order": 120_000, "refresh-sf-token": 30_000, "recover-orders": 60_000,
        "order-status": 10_000,
    ]

    /// Of a program. Lambda ends processes that nothing needs; each has stacks of its own.
    private static let mostIdle = 100

    func killAll() {
        for instance in busy.values.joined() { instance.kill() }
    }

    /// Runs one invocation; `completion` gets the answer, or nil when the process died or was killed.
    func invoke(
        _ program: String, _ payload: JSON, requestID: String? = nil,
        _ completion: @escaping (Result<[UInt8], FunctionError>?) -> Void
    ) {
        count += 1
        let timeout = Self.timeouts[program] ?? 10_000
        let invocation = Invocation(
            requestID: requestID ?? "invocation-\(count)", deadline: world.now + timeout, payload: payload.bytes)
        let instance = instance(of: program)
        world.trace.add(world.now, instance.name, "invoked", invocation.requestID)
        busy[program, default: []].append(instance)
        instance.handle(invocation) { [self] result in
            keep(instance)
            world.trace.add(world.now, instance.name, "ended", result.map(Self.describe) ?? "died")
            completion(result)
        }
    }

    /// Lambda makes up to three attempts at an asynchronous event, with one request id ("Asynchronous invocation").
    /// It delivers at least once.
    func invokeAsync(_ program: String, _ payload: JSON) {
        count += 1
        let id = "event-\(count)"
        attempt(program, payload, id, waits: [60_000, 120_000])
        if world.generator.chance(world.plan.behaviours.duplicateDeliveries) {
            world.after(world.random(in: 0...500)) { self.attempt(program, payload, id, waits: []) }
        }
    }

    /// What fails in every attempt is given up: the schedule sends the next.
    private func attempt(_ program: String, _ payload: JSON, _ id: String, waits: [Milliseconds]) {
        invoke(program, payload, requestID: id) { [world] result in
            if case .success = result { return }
            guard let wait = waits.first else { return }
            world.after(wait + world.random(in: 0...5_000)) {
                self.attempt(program, payload, id, waits: Array(waits.dropFirst()))
            }
        }
    }

    /// The idle process that started last, or a new one: Lambda may start one although another is idle.
    private func instance(of program: String) -> ProcessInstance {
        if idle[program]?.isEmpty == false, !world.generator.chance(0.1), let last = idle[program]?.popLast() {
            return last
        }
        count += 1
        return ProcessInstance(program, number: count, world)
    }

    /// The process has ended its invocation, or has died.
    private func keep(_ instance: ProcessInstance) {
        busy[instance.program]?.removeAll { $0 === instance }
        guard !instance.isDead else { return }
        let before = idle[instance.program]?.lastIndex { $0.number < instance.number }
        idle[instance.program, default: []].insert(instance, at: before.map { $0 + 1 } ?? 0)
        if idle[instance.program]?.count ?? 0 > Self.mostIdle { idle[instance.program]?.removeFirst() }
    }

    private static func describe(_ result: Result<[UInt8], FunctionError>) -> String {
        switch result {
        case .success(let bytes):
            JSON(bytes).map { answer in
                let hasFailures = answer["batchItemFailures"]?.array?.isEmpty == false
                return hasFailures ? "message failed" : answer["status"]?.string ?? "done"
            } ?? "done"
        case .failure(let error): error.type
        }
    }
}
