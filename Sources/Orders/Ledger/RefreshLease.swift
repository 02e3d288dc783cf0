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
        switch try table.write(.update(ItemKey.token, update, if: isFree)) {
        case .written: return true
        // The first answer to this write was lost, and its retry finds our own lease.
        case .conditionFailed(let item): return item?[.leaseOwner]?.string == owner
        }
    }

    /// - Parameter storedAt: when this invocation stored a new token; nil when it stored none. order-status reports the token's
    ///   age, and so needs no right to read the token.
    func releaseRefreshLease(_ owner: String, storedAt: Timestamp?) throws {
        var update: ItemUpdate = [.leaseOwner: .null, .leaseUntil: .null]
        if let storedAt { update[.updatedAt] = .milliseconds(storedAt) }
        _ = try table.write(.update(ItemKey.token, update, if: .equal(.leaseOwner, .string(owner))))
    }
}
