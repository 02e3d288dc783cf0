import HTTP
import Basics
import JSON
import Testbed

/// One run of a world: first with faults, then without, when every order must end.
package struct Episode {
    package struct Report: Sendable {
        package var plan: EpisodePlan
        package var hash: UInt64
        package var calls: Int
        package var kills: Int
        package var faults: [String: Int]
        /// How many faults there were to choose from, with those that the plan leaves out.
        package var faultCount: Int
        package var virtualTime: Milliseconds
        package var provisioned: Int
        package var violations: [Invariants.Violation]
    }

    /// How long after the last fault every order must have ended.
    private static let patience: Milliseconds = 48 * 3_600_000
    /// Runs that never end are found sooner: an order needs some 75 calls, and with the worst faults ten times as many.
    private static let mostCallsOfOrder = 3_000

    let world: World
    private let operators: [Operator]

    init(_ plan: EpisodePlan, fibers: FiberPool, keepsLines: Bool = false) {
        world = World(plan, fibers: fibers, keepsLines: keepsLines)
        let services = world.services
        var operators: [Operator] = []
        for _ in 0..<plan.orders {
            let isReady = !world.generator.chance(plan.behaviours.unreadyOrders)
            let id = services.salesforce.addOrder(isReady: isReady, &world.generator)
            operators.append(Operator(id, isReady: isReady, world))
        }
        self.operators = operators
    }

    func run() -> Report {
        for person in operators { person.begin() }
        schedule()
        beginBehaviours()
        world.run(until: EpisodePlan.start + max(world.plan.faultTime, 1_800_000))
        endFaults()
        let orders = operators.map(\.order)
        let end = world.now + Self.patience
        // Calls that are in flight when the faults stop may still be carried out.
        world.run(until: world.now + 3_600_000)
        world.run(until: end) { [world, operators] in
            world.calls > Self.mostCallsOfOrder * orders.count
                || world.isQuiet && world.queue.isEmpty && world.invariants.isAtRest(orders)
                    && operators.allSatisfy { $0.pending == 0 }
        }
        if world.invariants.violations.isEmpty { world.invariants.checkAtRest(orders) }
        let report = report(orders)
        world.end()
        return report
    }

    private func schedule() {
        world.startSchedules()
        world.every(600_000) { [operators, world] in
            for person in operators { world.after(world.random(in: 0...599_999)) { person.look() } }
            world.queue.redrive()
            if world.generator.chance(world.plan.behaviours.revokesTokens) { world.services.salesforce.revokeTokens() }
            // DynamoDB deletes expired items within days, and in no order.
            if world.generator.chance(0.3) { world.services.table.expire(now: world.now) }
        }
    }

    private func beginBehaviours() {
        if world.plan.behaviours.rotatesWebhookSecret {
            world.after(world.random(in: 0...1_800_000)) { [world] in world.services.rotateWebhookSecret(world) }
        }
        if world.plan.behaviours.rotatesCredentials {
            world.after(world.random(in: 0...1_800_000)) { [world] in world.services.rotateCredentials() }
        }
        let outages: [(OutboundCall.Service, String?, Double)] = [
            (.whmcs, nil, world.plan.behaviours.whmcsOutage),
            (.salesforce, nil, world.plan.behaviours.salesforceOutage),
            (.whmcs, "AddOrder", world.plan.behaviours.addOrderOutage),
        ]
        for (service, action, share) in outages where share > 0 {
            world.after(world.random(in: 0...1_800_000)) { [world] in
                world.outages.append(
                    Outage(
                        service: service, action: action, start: world.now,
                        end: world.now + Int(share * 86_400_000)))
                world.trace.add(world.now, service.rawValue, "outage begins", action ?? "")
            }
        }
        world.services.salesforce.refusesProvisioned = world.plan.behaviours.refusesProvisioned
        if world.plan.behaviours.failingModule > 0, world.generator.chance(0.5) {
            world.after(world.random(in: 0...7_200_000)) { [world] in world.services.whmcs.repairModule() }
        }
    }

    private func endFaults() {
        world.rates = .none
        world.services.whmcs.isHealthy = true
        world.services.salesforce.refusesProvisioned = false
    }

    private func report(_ orders: [String]) -> Report {
        Report(
            plan: world.plan, hash: world.trace.hash, calls: world.calls, kills: world.kills, faults: world.faults,
            faultCount: world.faultCount, virtualTime: world.now - EpisodePlan.start,
            provisioned: orders.count { world.invariants.ledger($0)?.status == .provisioned },
            violations: world.invariants.violations)
    }
}
