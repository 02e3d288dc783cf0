import Foundation
import JSON

/// A Salesforce org on loopback: the tokens, queries and updates that provisioning needs.
///
/// It keeps real state, and refuses what Salesforce refuses. `/_simulator/` is for people with curl.
public final class SalesforceSimulator: Sendable {
    private let org: SalesforceOrg
    private let server: LoopbackServer

    /// Starts with the accounts and orders of `Seed`.
    ///
    /// - Parameter pageSize: how many rows a page of a query's result holds. The children of a row have pages of their own.
    public init(app: App, pageSize: Int = 2000) throws {
        let org = SalesforceOrg(app: app, pageSize: pageSize, state: .seeded)
        self.org = org
        server = try LoopbackServer { org.answer($0) }
    }

    var port: UInt16 { server.port }
    /// The login URL, My Domain and instance URL in one.
    public var url: String { server.url }

    /// A snapshot.
    public var state: State { org.state.withLock { $0 } }

    /// Changes the state while no request is served.
    @discardableResult
    public func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        org.state.withLock { change(&$0) }
    }

    /// The record with that id of 15 or 18 characters. An absent field is null.
    public func record(_ type: String, _ id: String) -> [String: JSON]? {
        state.record(type, id)
    }

    /// Every value that was written to the order's Provisioning_Status__c, oldest first.
    public func statusHistory(_ id: String) -> [String] {
        state.statusHistory[salesforceId18(id) ?? id] ?? []
    }

    /// Adds or replaces a record, and returns its 18-character id.
    @discardableResult
    public func add(_ type: String, id: String? = nil, _ fields: [String: JSON]) -> String {
        update { $0.add(type, id: id, fields) }
    }

    /// Issues a valid token without a grant.
    public func issueToken() -> String {
        update { $0.issueToken() }
    }

    /// Invalidates every token issued so far.
    public func revokeTokens() {
        update { $0.revokeTokens() }
    }

    /// Adds a fault to the next calls.
    ///
    /// - Parameter call: only calls with this in their "METHOD path"; nil for any call.
    public func failNext(_ fault: Fault, on call: String? = nil, times: Int = 1) {
        org.faults.add(fault, on: call, times: times)
    }

    public func clearFaults() {
        org.faults.removeAll()
    }

    /// Waits for calls that are still at work.
    public func stop() {
        server.stop()
    }
}
