import Basics

/// What makes an episode a burst: all orders are requested within a minute, four fifths of them by signed requests and the
/// others by platform events. WHMCS is down when half of the orders are there.
package struct Burst {
    /// Within which all orders are requested.
    static let requestTime: Milliseconds = 60_000
    static let ordersOfCustomer = 10

    var outage: Milliseconds
    /// Of each call.
    var whmcsTime: Milliseconds = 300

    func fate(of service: OutboundCall.Service) -> Fate? {
        service == .whmcs ? Fate(actsAfter: whmcsTime / 2, answersAfter: whmcsTime) : nil
    }
}

extension EpisodePlan {
    /// - Parameter outage: how long WHMCS is down.
    package static func burst(seed: UInt64, orders: Int, outage: Milliseconds = 86_400_000) -> EpisodePlan {
        var plan = EpisodePlan(seed: seed, orders: orders)
        plan.burst = Burst(outage: outage)
        plan.behaviours = Behaviours()
        plan.behaviours.duplicateDeliveries = 0.01
        plan.rates = .none
        // One order in ten meets one. A call without an answer takes half a minute, and a burst is measured by its time.
        for (kind, _) in FaultRates.kinds { plan.rates[keyPath: kind] = 0.000_25 }
        plan.rates.kill = 0.000_5
        return plan
    }
}
