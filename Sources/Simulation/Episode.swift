import Basics
import JSON
import Testbed

/// One run of a world: first with faults, then without, when every order must end.
package struct Episode {
    package struct Report {
        package var seed: UInt64
        package var hash: UInt64
        package var orders: Int
        package var calls: Int
        package var kills: Int
        package var faults: [String: Int]
        package var virtualTime: Milliseconds
        package var violations: [String]
        package var provisioned: Int
    }

    /// How long after the last fault every order must have ended.
    private static let patience: Milliseconds = 48 * 3_600_000

    let world: World
    private let operators: [Operator]

    init(_ plan: EpisodePlan, fibers: FiberPool, keepsLines: Bool = false) {
        world = World(plan, fibers: fibers, keepsLines: keepsLines)
        let services = world.services
        var operators: [Operator] = []
        for _ in 0..<plan.orders {
            let id = services.salesforce.addOrder(isYearly: world.generator.chance(0.5))
            operators.append(Operator(id, world))
        }
        self.operators = operators
    }

    func run() -> Report {
        for person in operators { person.begin() }
        every(60_000) { [world, operators] in
            guard world.plan.reconciles || operators.contains(where: { world.isDue($0.order) }) else { return }
            world.lambda.invokeAsync("recover-orders", ["source": "aws.scheduler"])
        }
        every(3_600_000) { [world] in world.lambda.invokeAsync("refresh-sf-token", ["source": "aws.scheduler"]) }
        every(600_000) { [operators, world] in
            for person in operators { person.look() }
            if world.generator.chance(world.plan.revokesTokens) { world.services.salesforce.revokeTokens() }
        }
        world.run(until: EpisodePlan.start + max(world.plan.faultTime, 1_800_000))
        world.rates = .none
        let orders = operators.map(\.order)
        let end = world.now + Self.patience
        // Calls that are in flight when the faults stop may still be carried out.
        world.run(until: world.now + 3_600_000)
        world.run(until: end) { [world, operators] in
            operators.allSatisfy { $0.pending == 0 } && world.invariants.isAtRest(orders) && world.isQuiet
        }
        if world.invariants.violations.isEmpty { world.invariants.checkAtRest(orders) }
        return report(orders)
    }

    private func every(_ interval: Milliseconds, _ action: @escaping () -> Void) {
        world.after(interval) {
            action()
            every(interval, action)
        }
    }

    private func report(_ orders: [String]) -> Report {
        Report(
            seed: world.plan.seed, hash: world.trace.hash, orders: orders.count, calls: world.calls, kills: world.kills,
            faults: world.faults, virtualTime: world.now - EpisodePlan.start,
            violations: world.invariants.violations,
            provisioned: orders.count { world.invariants.ledger($0)?.status == .provisioned })
    }
}
