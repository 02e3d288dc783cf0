import Foundation
import Synchronization
import Testbed

/// WHMCS is down for some time, or for some runs.
final class Downtime: Sendable {
    private struct State {
        var begin: Date?
        var runs: Set<Int> = []
    }

    private let outage: BurstPlan.Outage
    private let length: TimeInterval
    private let state = Mutex(State())

    init(_ plan: BurstPlan) {
        outage = plan.outage
        length = if case .seconds(let seconds) = plan.outage { plan.compressed(seconds) } else { 0 }
    }

    /// Harmless when called again.
    func begin() {
        state.withLock { $0.begin = $0.begin ?? Date() }
    }

    /// Nil before the outage, and when it lasts for some runs.
    var period: (begin: Date, end: Date)? {
        length > 0 ? state.withLock { $0.begin }.map { ($0, $0 + length) } : nil
    }

    func isDown(for call: OutboundCall) -> Bool {
        guard call.service == .whmcs, call.program == "provision-order" else { return false }
        return state.withLock { state in
            guard let begin = state.begin else { return false }
            guard case .runs(let most) = outage else { return Date() < begin + length }
            if state.runs.count < most { state.runs.insert(call.run) }
            return state.runs.contains(call.run)
        }
    }
}
