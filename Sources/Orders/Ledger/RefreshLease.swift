import AWS
import Basics

/// The lease of refresh-sf-token: one invocation at a time requests a token of Salesforce. It expires, so that a killed
/// invocation blocks nobody for long. A limit of the function's concurrency would need capacity that new accounts may not
/// reserve.
extension Ledger {
    /// - Parameters:
    ///   - owner: this invocation.
    ///   - until: when the invocation ends.
    /// - Returns: false while another invocation has the lease.
    func takeRefreshLease(_ owner: String, until: Timestamp) throws -> Bool {
        let update: ItemUpdate = [.leaseOwner: .string(owner), .leaseUntil: .milliseconds(until)]
        switch try table.write(.update(ItemKey.refreshLease, update, if: isFree)) {
        case .written: return true
        // The first answer to this write was lost, and its retry finds our own lease.
        case .conditionFailed(let item): return item?[.leaseOwner]?.string == owner
        }
    }

    /// A lease that cannot be released expires.
    func releaseRefreshLease(_ owner: String) {
        let update: ItemUpdate = [.leaseOwner: .null, .leaseUntil: .null]
        _ = try? table.write(.update(ItemKey.refreshLease, update, if: .equal(.leaseOwner, .string(owner))))
    }
}
