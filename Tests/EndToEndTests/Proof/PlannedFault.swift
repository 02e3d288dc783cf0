import Foundation
import Testbed

/// A fault, and the call that it is injected into.
struct PlannedFault: Hashable, Sendable {
    var call: OutboundCall
    var fault: InjectedFault
    /// Whether it also hits all later calls of that action in the same run.
    var lasts: Bool

    init(_ call: OutboundCall, _ fault: InjectedFault, lasts: Bool = false) {
        self.call = call
        self.fault = fault
        self.lasts = lasts
    }

    /// - Parameter run: the run that the fault has hit; nil before the first hit.
    func hits(_ other: OutboundCall, run: Int?) -> Bool {
        guard let run else { return other.name == call.name }
        return lasts && other.run == run && other.program == call.program && other.service == call.service
            && other.action == call.action
    }
}

/// Injects a planned fault into one run. The testbed's threads share it.
final class FaultInjector: @unchecked Sendable {
    private let plan: PlannedFault?
    private let lock = NSLock()
    private var run: Int?

    init(_ plan: PlannedFault?) { self.plan = plan }

    func fault(for call: OutboundCall) -> InjectedFault? {
        lock.withLock {
            guard let plan, plan.hits(call, run: run) else { return nil }
            run = call.run
            return plan.fault
        }
    }
}
