import Foundation

/// A function: as many processes as it has events at once, up to its concurrency. Started when needed, kept warm.
public final class LambdaFunction: Sendable {
    /// No process is free, and none may be added.
    public struct Throttled: Error {}

    /// What a function without reserved concurrency gets: enough for every test, few enough for a laptop.
    private static let unreservedConcurrency = 10

    private struct Pool {
        var idle: [Sandbox] = []
        var busy: [ObjectIdentifier: Sandbox] = [:]
        /// Those being started count too.
        var taken = 0
        var isStopped = false
    }

    public let definition: FunctionDefinition
    private let program: String
    private let environment: [String: String]
    private let journal: Journal
    private let interposer: Interposer?
    private let pool = Monitor(Pool())

    /// `environment` is the function's own, on top of what Lambda sets.
    public init(
        _ definition: FunctionDefinition, program: String, environment: [String: String], journal: Journal,
        interposer: Interposer? = nil
    ) {
        self.definition = definition
        self.program = program
        self.environment = environment
        self.journal = journal
        self.interposer = interposer
    }

    /// Runs the function on one event and waits for its answer.
    ///
    /// With reserved concurrency an event too many is refused, as Lambda refuses it; without, it waits for its turn.
    public func invoke(_ payload: [UInt8], clientContext: String? = nil) throws(Throttled) -> InvocationResult {
        let invocation = Invocation(payload: payload, clientContext: clientContext)
        let patience = definition.reservedConcurrency == nil ? nil : Date()
        return try run(invocation, waitingUntil: patience)
    }

    /// Kills every process. Invocations under way fail, later ones are refused.
    public func stop() {
        let sandboxes = pool.with {
            $0.isStopped = true
            return $0.idle + $0.busy.values
        }
        sandboxes.forEach { $0.stop() }
    }

    /// Ends the processes that wait for an event.
    func retireIdle() {
        let sandboxes = pool.with { pool in
            defer { pool.idle = [] }
            return pool.idle
        }
        sandboxes.forEach { $0.stop() }
    }

    var isIdle: Bool { pool.with { $0.taken == 0 } }

    /// How many processes there are, idle ones included.
    public var processCount: Int { pool.with { $0.idle.count + $0.taken } }

    /// Of those that have started.
    public var processIDs: [pid_t] { pool.with { ($0.idle + $0.busy.values).map(\.processID) } }

    var isStopped: Bool { pool.with { $0.isStopped } }

    func run(_ invocation: Invocation, waitingUntil patience: Date?) throws(Throttled) -> InvocationResult {
        try acquire(waitingUntil: patience)
        defer { pool.with { $0.taken -= 1 } }
        while true {
            let sandbox: Sandbox
            do {
                sandbox = try takeWarm() ?? startCold()
            } catch {
                journal.write(definition.name, "\(error)")
                return .failed(invocation.requestId, "Runtime.InvalidEntrypoint", "\(error)")
            }
            let result = sandbox.run(invocation, timeout: Double(definition.timeout))
            release(sandbox)
            if let result { return result }
            if isStopped { throw Throttled() }
        }
    }

    private func acquire(waitingUntil patience: Date?) throws(Throttled) {
        let limit = definition.reservedConcurrency ?? Self.unreservedConcurrency
        let isGranted = pool.wait(until: patience) {
            if $0.isStopped { return false }
            guard $0.taken < limit else { return nil }
            $0.taken += 1
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
            interposer: interposer)
        let isWanted = pool.with {
            if !$0.isStopped { $0.busy[ObjectIdentifier(sandbox)] = sandbox }
            return !$0.isStopped
        }
        if !isWanted { sandbox.stop() }
        return sandbox
    }

    /// A process that died is not kept: the next event starts a new one.
    private func release(_ sandbox: Sandbox) {
        let isAlive = sandbox.isAlive
        if !isAlive { sandbox.stop() }
        pool.with {
            $0.busy[ObjectIdentifier(sandbox)] = nil
            if isAlive, !$0.isStopped { $0.idle.append(sandbox) }
        }
    }
}
