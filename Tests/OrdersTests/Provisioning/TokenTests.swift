import HTTP
import Testbed
import Testing

@testable import Orders
@testable import Salesforce

/// Where the Salesforce token comes from in a run.
@Suite struct TokenTests {
    @Test func aFirstTokenNeedsNobody() throws {
        let harness = try ProvisioningHarness()
        #expect(try harness.aws.value("token") == nil)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values == [["rejectedToken": ""]])
        let token = try Token(parameterValue: harness.aws.value("token") ?? "")
        #expect(harness.salesforce.state.tokens == [token.accessToken])
    }

    /// Written by hand, or by another version.
    @Test func anUnreadableTokenIsReplaced() throws {
        let harness = try ProvisioningHarness()
        try harness.aws.put("token", "00D!plain")
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values == [["rejectedToken": ""]])
    }

    @Test func aTokenThatIsThereIsUsed() throws {
        let harness = try ProvisioningHarness()
        try harness.run()
        try harness.run(Seed.otherOrder)
        #expect(harness.refreshes.values.count == 1)
        // Kept from one invocation to the next.
        #expect(harness.network.requests.count { $0.action == "GetParameters" } <= 3)
    }

    /// All that it reads of the store it has read before its first event, in one call.
    @Test func theFirstEventReadsNoParameters() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        let (sent, refreshes) = (harness.network.requests.count, harness.refreshes.values.count)
        try harness.restart()
        #expect(try harness.run()["status"] == "Provisioned")
        let actions = harness.network.requests.dropFirst(sent).map(\.action)
        #expect(actions.first == "GetParameters")
        #expect(actions.count { $0 == "GetParameters" } == 1)
        #expect(harness.refreshes.values.count == refreshes)
    }

    /// A store that did not answer at the start is asked by the event.
    @Test func theFirstEventReadsWhatTheStartCouldNot() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.action == "GetParameters" ? .unreachable : nil }
        try harness.restart()
        harness.network.before = { _ in nil }
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test func aRevokedTokenIsReplacedOnceInsideTheRun() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        let old = try Token(parameterValue: harness.aws.value("token") ?? "")
        harness.salesforce.revokeTokens()
        let asked = harness.salesforce.state.requests.count
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values.dropFirst() == [["rejectedToken": .string(old.fingerprint)]])
        #expect(try Token(parameterValue: harness.aws.value("token") ?? "") != old)
        // Refused, granted, asked again: the same query, once more.
        let requests = harness.salesforce.state.requests.dropFirst(asked)
        #expect(
            requests.prefix(3) == [
                "GET /services/data/v66.0/query", "POST /services/oauth2/token", "GET /services/data/v66.0/query",
            ])
    }

    /// Another run has fetched one meanwhile: it is in the parameter, and nobody has to be invoked.
    @Test func aTokenThatSomebodyElseFetchedIsUsed() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.salesforce.revokeTokens()
        let fresh = Token(
            accessToken: harness.salesforce.issueToken(), instanceURL: harness.salesforce.url, issuedAt: 1)
        try harness.aws.put("token", try #require(fresh).parameterValue)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values.count == 1)
    }

    /// The new one is refused too: once more is not tried, and the order waits.
    @Test func twoRefusedTokensAreEnough() throws {
        let harness = try ProvisioningHarness()
        harness.salesforce.failNext(
            .answer(401, #"[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]"#), on: "/query",
            times: 10)
        #expect(try harness.run()["status"] == "Activating")
        #expect(harness.salesforce.state.requests.count { $0.hasSuffix("/query") } == 2)
        let order = try harness.ledger()
        #expect(order.errorCode == "SALESFORCE_UNAVAILABLE")
        #expect(order.errorMessage == "Salesforce does not accept the token, nor the one that replaced it.")
        #expect(order.dueAt != nil)
    }

    private static func throttled(_ harness: ProvisioningHarness, _ meanwhile: @escaping () throws -> Void) {
        harness.network.before = { request in
            guard request.url.hasSuffix("/invocations") else { return nil }
            try? meanwhile()
            let headers = [Header("x-amzn-ErrorType", "TooManyRequestsException")]
            return .success(Response(status: 429, headers: headers, body: Array(#"{"Reason":"x"}"#.utf8)))
        }
    }

    /// One refresh runs at a time: who is turned away finds what the other one fetched.
    @Test func whoIsThrottledWaitsForTheTokenOfTheOther() throws {
        let harness = try ProvisioningHarness()
        Self.throttled(harness) {
            let token = Token(
                accessToken: harness.salesforce.issueToken(), instanceURL: harness.salesforce.url, issuedAt: 1)
            try harness.aws.put("token", try #require(token).parameterValue)
        }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values == [])
    }

    @Test func whoIsThrottledForEverComesAgain() throws {
        let harness = try ProvisioningHarness()
        Self.throttled(harness) {}
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().errorCode == "SALESFORCE_UNAVAILABLE")
        harness.network.before = { _ in nil }
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test func whyThereIsNoTokenIsTold() throws {
        let harness = try ProvisioningHarness()
        try harness.aws.put("client-secret", "wrong")
        #expect(try harness.run()["status"] == "Activating")
        let message = try harness.ledger().errorMessage ?? ""
        #expect(
            message.hasPrefix(
                "There is no Salesforce token: refresh-sf-token failed: SalesforceFailure: Salesforce gives no token: "
                    + "invalid_client"
            ), "\(message)")
        try harness.aws.put("client-secret", "client-secret")
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
    }
}
