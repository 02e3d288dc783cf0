import Basics
import HTTP
import JSON
import Lambda
import Orders

/// One process of a program, as Lambda keeps it: started once, it handles event after event until it dies.
final class ProcessInstance: @unchecked Sendable {
    let program: String
    let number: Int
    private unowned let world: World
    /// How far the process's clock is ahead.
    private let skew: Milliseconds
    private var handler: Runtime.Handler?
    /// The invocation in progress; nil when idle.
    private(set) var current: Execution?
    private(set) var isDead = false

    var name: String { "\(program)/\(number)" }

    init(_ program: String, number: Int, _ world: World) {
        self.program = program
        self.number = number
        self.world = world
        skew = world.random(in: -500...500)
    }

    /// Starts to handle an invocation on a fiber; `completion` gets the answer, or nil when the process died.
    func handle(
        _ invocation: Invocation,
        _ completion: @escaping (Result<[UInt8], FunctionError>?) -> Void
    ) {
        let execution = Execution(world.fibers.take(), program, invocation, startedAt: world.now)
        world.running += 1
        world.meter.begins(execution)
        if world.meter.runs > SimulatedQueue.maximumConcurrency {
            world.invariants.violated(.crowded, "\(world.meter.runs) runs")
        }
        current = execution
        // Lambda's clock, not the process's.
        world.agenda.add(at: invocation.deadline + world.random(in: 0...1_000)) { [self] in kill(execution, "timeout") }
        execution.fiber.run { [self] in
            do {
                let handler = try handler ?? start()
                self.handler = handler
                execution.result = .success(try handler(invocation))
            } catch {
                execution.result = .failure(FunctionError(error))
                if handler == nil { isDead = true }
            }
        }
        settle(execution, completion)
    }

    /// Whether the execution has ended; if not, the completion waits with it.
    private func settle(
        _ execution: Execution, _ completion: @escaping (Result<[UInt8], FunctionError>?) -> Void
    ) {
        execution.completion = { [self] in
            current = nil
            world.running -= 1
            world.meter.ends(execution, at: world.now)
            world.fibers.give(execution.fiber)
            completion(execution.isKilled ? nil : execution.result)
        }
        if execution.fiber.isIdle { execution.finish() }
    }

    /// Lambda kills the process, or it dies. Nothing that it does from now on reaches any service.
    func kill(_ execution: Execution, _ why: String) {
        guard current === execution, !execution.isKilled else { return }
        world.trace.add(world.now, name, "killed", why)
        execution.isKilled = true
        isDead = true
        world.kills += 1
        // The fiber runs to its end: each of its calls fails at once and is not carried out.
        execution.resume([])
    }

    /// The episode is over.
    func kill() {
        if let current { kill(current, "the end of the episode") }
    }

    private func start() throws -> Runtime.Handler {
        let environment = Environment(world.environment(of: program))
        return try startProgram(program, environment, client, log)
    }

    private var client: HTTPClient {
        HTTPClient(
            transport: { [unowned self] in world.send($0, from: self) },
            now: { [unowned self] in world.now + skew }, sleep: { [unowned self] in world.sleep($0, self) },
            random: { [unowned self] in world.random(upTo: $0, self) })
    }

    private var log: Log {
        Log(
            level: "INFO", now: { [unowned self] in world.now + skew },
            write: { [unowned self] in world.logged($0, self) })
    }
}

/// One invocation at work on a fiber.
final class Execution {
    let fiber: Fiber
    let program: String
    /// The Salesforce order of the event; nil when it names none.
    let order: String?
    let startedAt: Timestamp
    /// Whether anything went wrong with its calls.
    var isDisturbed = false
    var addsOrder = false
    var result: Result<[UInt8], FunctionError>?
    var isKilled = false
    var completion: (() -> Void)?
    private var answers: [Result<Response, HTTPFailure>] = []
    private var isWaiting = false

    init(_ fiber: Fiber, _ program: String, _ invocation: Invocation, startedAt: Timestamp) {
        self.fiber = fiber
        self.program = program
        let start = invocation.payload.position(of: Array("801Dn".utf8))
        order = start.map { String(decoding: invocation.payload[$0...].prefix(18), as: UTF8.self) }
        self.startedAt = startedAt
    }

    /// Called on the fiber: waits until the scheduler resumes it.
    func wait() -> [Result<Response, HTTPFailure>] {
        isWaiting = true
        fiber.suspend()
        isWaiting = false
        return answers
    }

    /// Called by the scheduler: continues the fiber with these answers.
    func resume(_ answers: [Result<Response, HTTPFailure>]) {
        guard isWaiting else { return }
        self.answers = answers
        fiber.resume()
        if fiber.isIdle { finish() }
    }

    func finish() {
        let completion = completion
        self.completion = nil
        completion?()
    }
}
