import HTTP
import Basics
import JSON

/// One episode: virtual time, the services, the processes, and the agenda.
///
/// It runs on one stack at a time: the episode's own, or that of the fiber it waits for.
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
    lazy var queue = SimulatedQueue(self)
    lazy var invariants = Invariants(self)

    /// Calls that a service will still carry out, and invocations that have not ended.
    var pendingActs = 0
    var running = 0
    var isQuiet: Bool { pendingActs == 0 && running == 0 }

    /// The fates that were not plain, drawn so far: their number names a fault.
    var faultCount = 0

    /// The outages that have begun.
    var outages: [Outage] = []

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

    /// Frees what holds the world: running processes, whose calls now all fail, and future actions.
    func end() {
        lambda.killAll()
        agenda = Agenda()
    }

    func after(_ wait: Milliseconds, _ action: @escaping () -> Void) {
        agenda.add(at: now + wait, action)
    }

    func isDue(_ order: String) -> Bool {
        services.table.item("order#\(order)")?[TableAttribute.dueAt]?.timestamp.map { $0 <= now } ?? false
    }

    func random(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    // MARK: What a process sees, beside its calls

    /// Called on the process's fiber.
    func sleep(_ wait: Milliseconds, _ process: ProcessInstance) {
        guard let execution = process.current, !execution.isKilled else { return }
        after(wait) { execution.resume([]) }
        _ = execution.wait()
    }

    func random(upTo bound: Int, _ process: ProcessInstance) -> Int {
        if process.current?.isKilled == true { return 0 }
        // Part of a unique id.
        if bound == .max, plan.without == .leaseOwner { return 0 }
        return random(in: 0...bound)
    }

    func logged(_ line: [UInt8], _ process: ProcessInstance) {
        guard process.current?.isKilled != true else { return }
        invariants.checkNoSecret(line)
    }

    func environment(of program: String) -> [String: String] { services.environment(of: program) }
}
