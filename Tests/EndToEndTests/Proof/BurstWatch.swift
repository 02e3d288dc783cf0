import Foundation
import Synchronization
import Testbed

/// Watches the orders of a burst: when each was requested, and when Salesforce showed it as Provisioned.
final class BurstWatch: Sendable {
    struct Sample: Sendable {
        var time: Date
        var open: Int
        /// Of the order that was requested first of those that are open.
        var oldestAge: TimeInterval
    }

    private struct State {
        var requested: [String: Date] = [:]
        var provisioned: [String: Date] = [:]
        var samples: [Sample] = []
    }

    private let salesforce: SalesforceSimulator
    private let state = Mutex(State())

    init(_ salesforce: SalesforceSimulator) { self.salesforce = salesforce }

    func request(_ order: String) {
        state.withLock { $0.requested[order] = Date() }
    }

    var requested: [String: Date] { state.withLock { $0.requested } }
    var provisioned: [String: Date] { state.withLock { $0.provisioned } }
    var samples: [Sample] { state.withLock { $0.samples } }

    /// Takes a sample.
    ///
    /// - Returns: how many orders are Provisioned.
    func look() -> Int {
        let history = salesforce.state.statusHistory
        let now = Date()
        return state.withLock { state in
            var (open, oldest) = (0, now)
            for (order, time) in state.requested where state.provisioned[order] == nil {
                if history[order]?.last == "Provisioned" {
                    state.provisioned[order] = now
                } else {
                    open += 1
                    oldest = min(oldest, time)
                }
            }
            state.samples.append(Sample(time: now, open: open, oldestAge: now.timeIntervalSince(oldest)))
            return state.provisioned.count
        }
    }
}
