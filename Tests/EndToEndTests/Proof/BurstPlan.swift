import Foundation
import Testbed

/// What happens in a burst. The seed decides which programs are killed, and when.
struct BurstPlan: Equatable, Sendable {
    struct Order: Equatable, Sendable {
        /// The index of its customer.
        var customer: Int
        /// Whether a platform event requests it, and not a signed request.
        var isEvent: Bool
        /// Calls are numbered per program, over all runs for this order.
        var faults: SoakSchedule.Faults
    }

    /// How long WHMCS is down.
    enum Outage: Equatable, Sendable {
        /// In the time of production.
        case seconds(TimeInterval)
        /// So few that no breaker opens, whose times are not compressed.
        case runs(Int)
    }

    /// How many times as fast everything is that does not have its time from the programs.
    var scale: Double
    var orders: [Order]
    var outage: Outage

    var customers: Int { (orders.map(\.customer).max() ?? 0) + 1 }

    init(seed: UInt64, orders count: Int, scale: Double, outage: Outage) {
        self.scale = scale
        self.outage = outage
        orders = (0..<count).map { Order(customer: $0 / 10, isEvent: $0 % 5 == 4, faults: [:]) }
        var random = SeededGenerator(seed)
        let kills: [InjectedFault] = [.killedBefore, .killedAfter]
        for (place, order) in orders.indices.shuffled(using: &random).prefix(max(2, count / 20)).enumerated() {
            let isRequest = place % 5 == 4 && !orders[order].isEvent
            let call = Int.random(in: 1...(isRequest ? 2 : 25), using: &random)
            let kill = kills[Int.random(in: 0...1, using: &random)]
            orders[order].faults = [isRequest ? "verify-signature" : "provision-order": [call: kill]]
        }
    }

    /// A time of production, as the burst has it.
    func compressed(_ seconds: TimeInterval) -> TimeInterval { seconds / scale }

    /// Of provision-order. A busy machine needs some seconds for a run.
    var timeoutSeconds: Int { max(4, Int(compressed(120))) }
    var quietSeconds: Int { max(timeoutSeconds + 2, Int(compressed(600))) }
}

extension EndToEndHarness {
    convenience init(_ plan: BurstPlan, faultProxy: FaultProxy) throws {
        try self.init { configuration in
            configuration.faultProxy = faultProxy
            configuration.timeScale = 1 / plan.scale
            configuration.runsSchedules = true
            configuration.timeoutSeconds = [
                "provision-order": plan.timeoutSeconds, "recover-orders": max(6, Int(plan.compressed(60))),
            ]
            configuration.environment["provision-order"] = [
                "RETRY_DELAY": "\(max(1, Int(plan.compressed(30))))", "WHMCS_QUIET_TIME": "\(plan.quietSeconds)",
            ]
        }
        testbed.whmcs.configuration.responseTime = .init(milliseconds: Int(1000 * plan.compressed(0.3)))
    }
}
