import Foundation
import JSON
import Synchronization
import Testbed

/// Many orders within a minute on one testbed, with programs that are killed, and an outage of WHMCS when half of the orders
/// are Provisioned.
final class BurstRun: Sendable {
    struct Order: Sendable {
        var id: String
        var client: Int
        var plan: BurstPlan.Order
    }

    /// Within which all orders are requested, in the time of production.
    private static let requestTime: TimeInterval = 60
    private static let senders = 20

    let harness: EndToEndHarness
    let faultProxy = FaultProxy()
    let plan: BurstPlan
    let orders: [Order]
    let watch: BurstWatch
    let downtime: Downtime
    private let faults = ScheduledFaults([:])
    /// The last orders must not wait for the quiet time of a killed run.
    private let hasKills = Atomic(true)
    /// What senders should not have got.
    private let refusals = Mutex<[String]>([])

    init(_ plan: BurstPlan) throws {
        let harness = try EndToEndHarness(plan, faultProxy: faultProxy)
        self.harness = harness
        self.plan = plan
        let customers = (0..<plan.customers).map { _ in harness.newCustomer() }
        orders = plan.orders.map { order in
            let customer = customers[order.customer]
            return Order(id: harness.newOrder(of: customer), client: customer.client, plan: order)
        }
        watch = BurstWatch(harness.testbed.salesforce)
        downtime = Downtime(plan)
        for order in orders where !order.plan.faults.isEmpty { faults.add(order.plan.faults, for: order.id) }
    }

    /// Returns when every order is settled and nothing is at work, or at the timeout.
    ///
    /// - Returns: what senders should not have got.
    func run(timeout: TimeInterval) throws -> [String] {
        let (start, deadline) = (Date(), Date(timeIntervalSinceNow: timeout))
        faultProxy.reset { [self] call in
            if downtime.isDown(for: call) { return .response(.maintenance) }
            let fault = faults.fault(for: call)
            return hasKills.load(ordering: .relaxed) ? fault : nil
        }
        let interval = plan.compressed(Self.requestTime) / Double(orders.count)
        let senders = Thread { [self] in
            _ = Parallel.share(Array(orders.enumerated()), among: Array(0..<Self.senders)) { [self] order, _ in
                Thread.sleep(until: start + Double(order.offset) * interval)
                request(order.element, until: deadline)
            }
        }
        senders.start()
        while Date() < deadline {
            let provisioned = watch.look()
            if provisioned >= orders.count / 2 { downtime.begin() }
            if provisioned >= orders.count * 2 / 3 { hasKills.store(false, ordering: .relaxed) }
            if provisioned == orders.count, try harness.openOrders() == 0, harness.testbed.isIdle { break }
            usleep(250_000)
        }
        return refusals.withLock { $0 }
    }

    private func request(_ order: Order, until deadline: Date) {
        do {
            watch.request(order.id)
            if order.plan.isEvent { return try harness.testbed.relay(PlatformEvent(orderId: order.id)) }
            let key = UUID().uuidString
            // As Salesforce does: the same key until there is an answer that is no server error.
            while Date() < deadline {
                if let answer = try? harness.fulfill(order.id, key: key), answer.status < 500 {
                    if answer.status >= 300 { refuse(order, "\(answer.status): \(answer.text)") }
                    return
                }
                usleep(200_000)
            }
            refuse(order, "no answer")
        } catch {
            refuse(order, "\(error)")
        }
    }

    private func refuse(_ order: Order, _ reason: String) {
        refusals.withLock { $0.append("\(order.id): the sender got \(reason)") }
    }
}

extension EndToEndHarness {
    /// How many orders the index has.
    fileprivate func openOrders() throws -> Int {
        let answer = try dynamoDB.call(
            "Query",
            [
                "TableName": .string(testbed.resources.table), "IndexName": "due", "Select": "COUNT",
                "KeyConditionExpression": "#open = :open", "ExpressionAttributeNames": ["#open": "open"],
                "ExpressionAttributeValues": [":open": ["S": "1"]],
            ])
        return answer["Count"]?.integer ?? 0
    }
}
