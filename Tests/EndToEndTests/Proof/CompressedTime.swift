import Foundation
import Testbed

/// The times of a proof's testbed: short ones, so that thousands of faults take minutes.
struct CompressedTime {
    static let matrix = CompressedTime(timeoutSeconds: 4)
    static let soak = CompressedTime(timeoutSeconds: 6)

    /// Of provision-order. A lease lasts as long.
    let timeoutSeconds: Int
    /// Longer than a run and a late call of WHMCS after it, also on a busy machine.
    var quietSeconds: Int { timeoutSeconds + 4 }
    /// From the kill of a program until its last call arrives.
    var killDelay: TimeInterval { TimeInterval(timeoutSeconds) + 2 }
}

extension EndToEndHarness {
    convenience init(_ time: CompressedTime, faultProxy: FaultProxy) throws {
        try self.init { configuration in
            configuration.faultProxy = faultProxy
            configuration.timeoutSeconds = [
                "verify-signature": 3, "provision-order": time.timeoutSeconds, "refresh-sf-token": 2,
                "recover-orders": 3,
            ]
            configuration.environment["provision-order"] = [
                "RETRY_DELAY": "0", "WHMCS_QUIET_TIME": "\(time.quietSeconds)", "MAX_ATTEMPTS": "30",
            ]
        }
    }
}

extension FaultProxy {
    /// A proof judges an order only when no late call can change it any more.
    func waitForDelayedCalls() {
        while hasDelayedCalls { usleep(50_000) }
    }
}
