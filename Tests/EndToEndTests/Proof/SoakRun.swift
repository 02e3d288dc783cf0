import Foundation
import Synchronization
import Testbed

/// Many orders at once on one testbed, with the faults of a schedule.
final class SoakRun: Sendable {
    struct SentOrder: Sendable {
        var order: String
        var client: Int
        /// The answer that the sender should not have got.
        var failure: String?
    }

    /// Orders at work at the same time.
    private static let workers = 10

    let harness: EndToEndHarness
    private let faultProxy = FaultProxy()
    private let schedule: SoakSchedule
    private let customers: [EndToEndHarness.Customer]
    private let faults: ScheduledFaults

    init(_ schedule: SoakSchedule) throws {
        self.schedule = schedule
        faults = ScheduledFaults(schedule.sharedFaults)
        let harness = try EndToEndHarness(.soak, faultProxy: faultProxy)
        self.harness = harness
        customers = (0..<schedule.customers).map { _ in harness.newCustomer() }
    }

    /// Returns when every order is settled and no call is on its way, or at the timeout.
    func run(timeout: TimeInterval) throws -> [SentOrder] {
        let deadline = Date(timeIntervalSinceNow: timeout)
        faultProxy.reset { [faults] in faults.fault(for: $0) }
        let recovery = RecoveryLoop(harness)
        let orders = Parallel.share(schedule.orders, among: Array(0..<Self.workers)) { [self] plan, _ in
            send(plan, until: deadline)
        }
        // The remaining events find nothing to do.
        while Date() < deadline, !harness.testbed.isIdle { usleep(50_000) }
        recovery.stop()
        faultProxy.waitForDelayedCalls()
        return orders
    }

    var injections: [FaultProxy.Injection] { faultProxy.injections }

    /// Takes one order from its requests to its final status.
    private func send(_ plan: SoakSchedule.Order, until deadline: Date) -> SentOrder {
        let customer = customers[plan.customer]
        let order = harness.newOrder(of: customer)
        faults.add(plan.faults, for: order)
        if plan.revokesTokens { harness.testbed.salesforce.revokeTokens() }
        let failures = try? Parallel.map(0..<plan.requests) { [self] _ in fulfill(order, until: deadline) }
        for _ in 0..<plan.duplicates { try? harness.publishEvent(of: order) }
        while Date() < deadline, (try? harness.ledgerItem(order))?.isSettled != true { usleep(250_000) }
        return SentOrder(order: order, client: customer.client, failure: failures?.compactMap(\.self).first)
    }

    /// Sends the request with the same key until there is an answer that is no server error. Returns a refusal.
    private func fulfill(_ order: String, until deadline: Date) -> String? {
        let key = UUID().uuidString
        while Date() < deadline {
            if let answer = try? harness.fulfill(order, key: key), answer.status < 500 {
                return (200..<300).contains(answer.status) ? nil : "the sender got \(answer.status): \(answer.text)"
            }
            usleep(200_000)
        }
        return "the sender got no answer"
    }
}

/// Invokes recover-orders twice a second. Every eighth time it takes all orders, due or not, because an order whose event
/// was lost is due only after minutes.
private final class RecoveryLoop: Sendable {
    private let isStopped = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ harness: EndToEndHarness) {
        let thread = Thread { [self] in
            var round = 0
            while !isStopped.load(ordering: .relaxed) {
                round += 1
                try? harness.recover(round % 8 == 0 ? ["all": true] : [:])
                usleep(500_000)
            }
            hasEnded.signal()
        }
        thread.start()
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        hasEnded.wait()
    }
}
