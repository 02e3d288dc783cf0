import Basics
import HTTP
import Orders

/// Runs a burst until every order is Provisioned.
package struct BurstEpisode {
    private let world: World
    private let operators: [Operator]

    package init(_ plan: EpisodePlan) {
        let world = World(plan, fibers: FiberPool(), keepsLines: false)
        var account = ""
        self.world = world
        operators = (0..<plan.orders).map { number in
            if number.isMultiple(of: Burst.ordersOfCustomer) {
                let client = 10_000 + number / Burst.ordersOfCustomer
                world.services.whmcs.addClient(client)
                account = world.services.salesforce.addAccount(client: client)
            }
            let order = world.services.salesforce.addOrder(account: account, isYearly: world.generator.chance(0.5))
            return Operator(order, isReady: true, door: number % 5 == 4 ? .event : .webhook, world)
        }
    }

    package func run() -> BurstReport {
        for person in operators { person.begin(within: Burst.requestTime) }
        world.startSchedules()
        world.every(600_000) { [world] in
            world.queue.redrive()
            world.services.table.expire(now: world.now)
        }
        world.every(1_000) { [world] in beginOutage(world) }
        let orders = operators.map(\.order)
        // Until all are requested.
        world.run(until: world.now + Burst.requestTime)
        world.run(until: world.now + mostTime) { [world] in
            world.isQuiet && world.queue.isEmpty && world.invariants.isAtRest(orders)
                && operators.allSatisfy { $0.pending == 0 }
        }
        if world.invariants.violations.isEmpty { world.invariants.checkAtRest(orders) }
        let report = BurstReport(world, orders)
        world.end()
        return report
    }

    private func beginOutage(_ world: World) {
        guard let burst = world.plan.burst, world.outages.isEmpty,
            world.services.whmcs.orderCount >= world.plan.orders / 2
        else { return }
        world.outages.append(Outage(service: .whmcs, start: world.now, end: world.now + burst.outage))
        world.trace.add(world.now, "whmcs", "outage begins", "")
    }

    /// Runs that never end are found sooner.
    private var mostTime: Milliseconds { 48 * 3_600_000 + (world.plan.burst?.outage ?? 0) + world.plan.orders * 10_000 }
}
