import Foundation

/// A function. It has a process for each event at work, up to its concurrency. Processes start on demand and stay warm.
public final class LambdaFunction: Sendable {
    /// No process is idle, and the function may not have another.
    public struct Throttled: Error {}

    /// The concurrency of a function that reserves none: enough for every test, few enough for a laptop.
    private static let unreservedConcurrency = 10

    private struct Pool {
        var idle: [Sandbox] = []
        var busy: [ObjectIdentifier: Sandbox] = [:]
        /// How many events are at work, those of starting processes included.
        var taken = 0
        var mostTaken = 0
        var invocations = 0
        var errors = 0
        var isStopped = false
    }

    public let definition: FunctionDefinition
    private let program: String
    private let environment: [String: String]
    private let journal: Journal
    private let faultProxy: FaultProxy?
    private let pool = Monitor(Pool())

    /// `environment` is the function's own, on top of what Lambda sets.
    public init(
        _ definition: FunctionDefinition, program: String, environment: [String: String], journal: Journal,
        faultProxy: FaultProxy? = nil
    ) {
        self.definition = definition
        self.program = program
        self.environment = environment
        self.journal = journal
        self.faultProxy = faultProxy
    }

    /// Runs the function on one event, and returns its answer.
    ///
    /// When all processes are busy, a function with reserved concurrency refuses the event, as Lambda does. Without, the
    /// event waits.
    ///
    /// - Parameter traceRoot: the trace of the request that invokes the function; nil begins one.
    public func invoke(
        _ payload: [UInt8], clientContext: String? = nil, traceRoot: String? = nil
    ) throws(Throttled) -> InvocationResult {
        var invocation = Invocation(payload: payload, clientContext: clientContext)
        if let traceRoot { invocation.traceRoot = traceRoot }
        return try run(
            invocation,
            waitingUntil: definition.reservedConcurrency == nil ? nil : Date())
    }

    /// Kills every process. Running invocations fail, and the function refuses later ones.
    public func stop() {
        let sandboxes = pool.with {
            $0.isStopped = true
            return $0.idle + $0.busy.values
        }
        sandboxes.forEach { $0.stop() }
    }

    /// Ends the idle processes.
    func retireIdle() {
        let sandboxes = pool.with { pool in
            defer { pool.idle = [] }
            return pool.idle
        }
        sandboxes.forEach { $0.stop() }
    }

    /// Kills every process, as a crash of the program does. Events at work fail; the function starts other processes.
    ///
    /// - Returns: how many processes were killed.
    func killProcesses() -> Int {
        let sandboxes = pool.with { pool in
            defer { pool.idle = [] }
            return pool.idle + pool.busy.values
        }
        sandboxes.forEach { $0.stop() }
        return sandboxes.count
    }

    var isIdle: Bool { eventsAtWork == 0 }

    var eventsAtWork: Int { pool.with { $0.taken } }

    /// The most events that were at work at once.
    public var mostRunsAtOnce: Int { pool.with { $0.mostTaken } }

    /// As CloudWatch's metrics of the function count them.
    public var counts: (invocations: Int, errors: Int) { pool.with { ($0.invocations, $0.errors) } }

    private func counted(_ result: InvocationResult) -> InvocationResult {
        pool.with {
            $0.invocations += 1
            if result.errorType != nil { $0.errors += 1 }
        }
        return result
    }

    /// The number of processes, idle ones included.
    var processCount: Int { pool.with { $0.idle.count + $0.taken } }

    /// The ids of the processes that have started.
    public var processIDs: [pid_t] { pool.with { ($0.idle + $0.busy.values).map(\.processID) } }

    var isStopped: Bool { pool.with { $0.isStopped } }

    func run(_ invocation: Invocation, waitingUntil deadline: Date?) throws(Throttled) -> InvocationResult {
        try acquire(waitingUntil: deadline)
        defer { pool.with { $0.taken -= 1 } }
        while true {
            let sandbox: Sandbox
            do {
                sandbox = try takeWarm() ?? startCold()
            } catch {
                journal.write(definition.name, "\(error)")
                return .failed(invocation.requestId, "Runtime.InvalidEntrypoint", "\(error)")
            }
            let result = sandbox.run(invocation, timeout: TimeInterval(definition.timeoutSeconds))
            release(sandbox)
            if let result { return counted(result) }
            if isStopped { throw Throttled() }
        }
    }

    private func acquire(waitingUntil deadline: Date?) throws(Throttled) {
        let limit = definition.reservedConcurrency ?? Self.unreservedConcurrency
        let isGranted = pool.wait(until: deadline) {
            if $0.isStopped { return false }
            guard $0.taken < limit else { return nil }
            $0.taken += 1
            $0.mostTaken = max($0.mostTaken, $0.taken)
            return true
        }
        guard isGranted == true else { throw Throttled() }
    }

    private func takeWarm() -> Sandbox? {
        pool.with {
            guard let sandbox = $0.idle.popLast() else { return nil }
            $0.busy[ObjectIdentifier(sandbox)] = sandbox
            return sandbox
        }
    }

    private func startCold() throws -> Sandbox {
        let sandbox = try Sandbox(
            definition, program: program, environment: environment, journal: journal,
            faultProxy: faultProxy)
        let isWanted = pool.with {
            if !$0.isStopped { $0.busy[ObjectIdentifier(sandbox)] = sandbox }
            return !$0.isStopped
        }
        if !isWanted { sandbox.stop() }
        return sandbox
    }

    /// Keeps the process if it is alive.
    private func release(_ sandbox: Sandbox) {
        let isAlive = sandbox.isAlive
        if !isAlive { sandbox.stop() }
        pool.with {
            $0.busy[ObjectIdentifier(sandbox)] = nil
            if isAlive, !$0.isStopped { $0.idle.append(sandbox) }
        }
    }
}
