import Synchronization
import Testbed

/// Counts the calls of a soak, and chooses their faults. The testbed's threads share it.
final class ScheduledFaults: Sendable {
    private struct State {
        /// Calls so far, by program and order.
        var calls: [String: Int] = [:]
        var faultsByOrder: [String: SoakSchedule.Faults] = [:]
    }

    private let shared: SoakSchedule.Faults
    private let state = Mutex(State())

    /// - Parameter shared: the faults of calls that belong to no order.
    init(_ shared: SoakSchedule.Faults) { self.shared = shared }

    func add(_ faults: SoakSchedule.Faults, for order: String) {
        state.withLock { $0.faultsByOrder[order] = faults }
    }

    func fault(for call: OutboundCall) -> InjectedFault? {
        guard !call.isProcessStart else { return nil }
        return state.withLock { state in
            let name = "\(call.program) \(call.order ?? "")"
            let number = state.calls[name, default: 0] + 1
            state.calls[name] = number
            guard let order = call.order else { return shared[call.program]?[number] }
            return state.faultsByOrder[order]?[call.program]?[number]
        }
    }
}
