import Foundation
import Testbed

/// Many orders at once through one stack, with what the schedule has for them.
final class Soak: Sendable {
    struct Ordered: Sendable {
        var order: String
        var client: Int
        /// What the sender was told that it should not have been.
        var complaint: String?
    }

    /// Seconds that provision-order may take.
    static let patience = 6
    /// Orders under way at a time.
    private static let workers = 10

    let lane: Lane
    private let schedule: Schedule
    private let customers: [World.Customer]
    private let occasions = Occasions()

    init(_ schedule: Schedule) throws {
        self.schedule = schedule
        lane = try Lane(patience: Self.patience)
        customers = (0..<schedule.customers).map { [lane] _ in lane.world.newCustomer() }
    }

    /// Returns when every order has ended and nothing moves any more, or that many seconds have passed.
    func run(patience: Double) throws -> [Ordered] {
        let end = Date(timeIntervalSinceNow: patience)
        lane.interposer.follow { [self] in trouble(for: $0) }
        let recovery = Recovery(lane.world)
        let orders = Parallel.share(schedule.orders, among: Array(0..<Self.workers)) { [self] plan, _ in
            send(plan, until: end)
        }
        // The events that are left find nothing to do.
        while Date() < end, !lane.world.stack.isIdle { usleep(50_000) }
        recovery.stop()
        lane.waitForLateCalls()
        return orders
    }

    var incidents: [Interposer.Incident] { lane.interposer.incidents }

    private func trouble(for call: OutsideCall) -> Trouble? {
        guard call.action != Interposer.start else { return nil }
        let number = occasions.count("\(call.program) \(call.order ?? "")")
        guard let order = call.order else { return schedule.common[call.program]?[number] }
        return occasions.plan(of: order)?.troubles[call.program]?[number]
    }

    /// One order, from its clicks to its end.
    private func send(_ plan: Schedule.Order, until end: Date) -> Ordered {
        let world = lane.world
        let customer = customers[plan.customer]
        let order = world.newOrder(of: customer)
        occasions.enter(plan, of: order)
        if plan.revokesTokens { world.stack.salesforce.revokeTokens() }
        let complaints = try? Parallel.map(0..<plan.clicks) { _ in Self.click(order, world, until: end) }
        for _ in 0..<plan.duplicates { try? world.announce(order) }
        while Date() < end, (try? world.ledgerItem(order))?.isSettled != true { usleep(250_000) }
        return Ordered(order: order, client: customer.client, complaint: complaints?.compactMap(\.self).first)
    }

    /// A sender, who repeats with the same key what was not answered; a text when the answer is a refusal.
    private static func click(_ order: String, _ world: World, until end: Date) -> String? {
        let key = UUID().uuidString
        while Date() < end {
            if let answer = try? world.click(order, key: key), answer.status < 500 {
                return (200..<300).contains(answer.status) ? nil : "the sender got \(answer.status): \(answer.text)"
            }
            usleep(200_000)
        }
        return "the sender got no answer"
    }
}

/// recover-orders on its schedule, which is a quicker one here, and now and then all orders, due or not, for those whose
/// event was lost: that they are due only in a minute or two is too long here.
private final class Recovery: Sendable {
    private let isStopped = Flag()
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ world: World) {
        let thread = Thread { [isStopped, hasEnded] in
            var round = 0
            while !isStopped.isSet {
                round += 1
                try? world.recover(round % 8 == 0 ? ["all": true] : [:])
                usleep(500_000)
            }
            hasEnded.signal()
        }
        thread.start()
    }

    func stop() {
        isStopped.set()
        hasEnded.wait()
    }
}

private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false

    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
}

/// Counts calls, and knows which order has which plan. From the threads of the stack.
private final class Occasions: @unchecked Sendable {
    private let lock = NSLock()
    private var counts: [String: Int] = [:]
    private var plans: [String: Schedule.Order] = [:]

    func enter(_ plan: Schedule.Order, of order: String) { lock.withLock { plans[order] = plan } }
    func plan(of order: String) -> Schedule.Order? { lock.withLock { plans[order] } }

    func count(_ name: String) -> Int {
        lock.withLock {
            counts[name, default: 0] += 1
            return counts[name, default: 0]
        }
    }
}
