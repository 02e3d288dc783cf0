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

    /// The orders of a burst that have met a fault. Each meets one: two in AddOrder leave an order's end to a person.
    var faultyOrders: Set<String> = []

    /// The outages that have begun.
    var outages: [Outage] = []

    var meter = Meter()

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

    /// Repeats the action for as long as the episode lasts.
    func every(_ interval: Milliseconds, _ action: @escaping () -> Void) {
        after(interval) { [self] in
            action()
            every(interval, action)
        }
    }

    /// The schedules of `template.yaml`.
    func startSchedules() {
        if plan.without != .recovery {
            every(60_000) { [self] in
                let isIdle = services.table.firstDueAt.map { $0 > now } ?? true
                // A round that finds nothing changes nothing.
                if isIdle && !plan.behaviours.reconciles { return }
                lambda.invokeAsync("recover-orders", ["source": "aws.scheduler"])
            }
        }
        every(3_600_000) { [self] in lambda.invokeAsync("refresh-sf-token", ["source": "aws.scheduler"]) }
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
