import Basics
import JSON
import Lambda
import TestSupport
import Testing

@testable import Orders
@testable import Salesforce

/// One invocation of refresh-sf-token at a time requests a token.
@Suite struct RefreshLeaseTests {
    private static let item = "token"

    /// A rejected token of which the harness has none, so that both invocations need a new one.
    @Test(
        "Two refreshes at once request one token",
        arguments: [
            ([:], [:]), (["rejectedToken": ""], ["rejectedToken": ""]), ([:], ["rejectedToken": ""]),
            (["rejectedToken": ""], [:]),
        ] as [(JSON, JSON)], ["a", "b"])
    func atOnce(_ events: (JSON, JSON), _ secondID: String) throws {
        let harness = try RefreshHarness()
        let answers = try harness.handleAtOnce(("a", events.0), (secondID, events.1))
        #expect(answers.sorted { "\($0)" > "\($1)" } == [["refreshed": true], ["refreshed": false]])
        #expect(harness.salesforce.state.tokensIssued == 1)
        #expect(harness.salesforce.state.tokens == [try harness.token()?.accessToken])
        #expect(try harness.aws.item(Self.item)?["leaseOwner"] == nil)
    }

    @Test("Two refreshes at once replace a stored token once") func storedToken() throws {
        let harness = try RefreshHarness()
        try harness.handle()
        let old = try #require(try harness.token())
        let answers = try harness.handleAtOnce(("a", [:]), ("b", ["rejectedToken": .string(old.fingerprint)]))
        #expect(answers.sorted { "\($0)" > "\($1)" } == [["refreshed": true], ["refreshed": false]])
        #expect(harness.salesforce.state.tokensIssued == 2)
    }

    @Test("A refresh waits for another's lease, and takes it when it has expired") func expiredLease() throws {
        let harness = try RefreshHarness(["SF_AUTH_FLOW": "client-credentials"])
        let end = harness.network.now + 5_000
        try harness.aws.set(Self.item, ["leaseOwner": "killed", "leaseUntil": .milliseconds(end)])
        #expect(try harness.handle() == ["refreshed": true])
        #expect(harness.network.now > end)
        #expect(harness.network.now <= end + 500)
    }

    @Test("A refresh ends without a request while another has the lease") func heldLease() throws {
        let harness = try RefreshHarness()
        let end = harness.network.now + 60_000
        try harness.aws.set(Self.item, ["leaseOwner": "another", "leaseUntil": .milliseconds(end)])
        let error = FunctionError("Contended", "another invocation is still requesting a token of Salesforce")
        #expect(throws: error) { try harness.handle() }
        #expect(harness.salesforce.state.requests == [])
        #expect(try harness.aws.item(Self.item)?["leaseOwner"] == "another")
    }

    @Test("A refresh recognises its lease when the answer was lost") func lostAnswer() throws {
        let harness = try RefreshHarness()
        var isFirst = true
        harness.network.after = { request, response in
            guard request.action == "UpdateItem", isFirst else { return response }
            isFirst = false
            return .lost
        }
        #expect(try harness.handle() == ["refreshed": true])
        #expect(harness.network.waits == [100])
    }

    @Test("A failed refresh releases its lease") func failedRefresh() throws {
        let harness = try RefreshHarness(["SF_CLIENT_ID": "another-id"])
        #expect(throws: FunctionError.self) { try harness.handle() }
        let item = try #require(try harness.aws.item(Self.item))
        #expect(item["leaseOwner"] == nil)
        #expect(item["leaseUntil"] == nil)
    }
}
