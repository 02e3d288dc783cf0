import Basics
import HTTP
import Testbed
import Testing

@testable import Orders
@testable import Salesforce

/// Where a run gets its Salesforce token.
@Suite struct TokenSourceTests {
    @Test("The first run requests the first token") func firstToken() throws {
        let harness = try ProvisioningHarness()
        #expect(try harness.aws.value("token") == nil)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values == [["rejectedToken": ""]])
        let token = try Token(parameterValue: harness.aws.value("token") ?? "")
        #expect(harness.salesforce.state.tokens == [token.accessToken])
    }

    /// Somebody may have put it there by hand.
    @Test("An unreadable token is replaced") func unreadableToken() throws {
        let harness = try ProvisioningHarness()
        try harness.aws.put("token", "00D!plain")
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values == [["rejectedToken": ""]])
    }

    @Test("A stored token is used, and kept between invocations") func storedToken() throws {
        let harness = try ProvisioningHarness()
        try harness.run()
        try harness.run(Seed.otherOrder)
        #expect(harness.refreshes.values.count == 1)
        #expect(harness.network.requests.count { $0.action == "GetParameters" } <= 3)
    }

    @Test("The init phase reads all parameters in one call, and the first event none") func initPhase() throws {
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

    @Test("The first event reads the parameters that the init phase could not read") func unreadParameters() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.action == "GetParameters" ? .unreachable : nil }
        try harness.restart()
        harness.network.before = { _ in nil }
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("A revoked token is replaced within the run") func revokedToken() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        let old = try Token(parameterValue: harness.aws.value("token") ?? "")
        harness.salesforce.revokeTokens()
        let sent = harness.salesforce.state.requests.count
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values.dropFirst() == [["rejectedToken": .string(old.fingerprint)]])
        #expect(try Token(parameterValue: harness.aws.value("token") ?? "") != old)
        let requests = harness.salesforce.state.requests.dropFirst(sent)
        #expect(
            requests.prefix(3) == [
                "GET /services/data/v66.0/query", "POST /services/oauth2/token", "GET /services/data/v66.0/query",
            ])
    }

    /// Stores a valid token, as another run's refresh does.
    private static func putToken(_ harness: ProvisioningHarness) throws {
        let token = Token(
            accessToken: harness.salesforce.issueToken(), instanceURL: harness.salesforce.url, issuedAt: 1)
        try harness.aws.put("token", try #require(token).parameterValue)
    }

    @Test("A token that another run has refreshed is used without a refresh") func refreshedByAnother() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.salesforce.revokeTokens()
        try Self.putToken(harness)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values.count == 1)
    }

    /// The parameter's `issued_at` is new, the token is the one that Salesforce has just refused.
    @Test("A refused token that was stored again is refreshed") func sameTokenStoredAgain() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        let old = try Token(parameterValue: harness.aws.value("token") ?? "")
        harness.salesforce.revokeTokens()
        let again = Token(accessToken: old.accessToken, instanceURL: old.instanceURL, issuedAt: old.issuedAt + 60_000)
        try harness.aws.put("token", try #require(again).parameterValue)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values.dropFirst() == [["rejectedToken": .string(old.fingerprint)]])
    }

    @Test("The order is retried later when Salesforce rejects the new token, too") func rejectedTwice() throws {
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

    // MARK: Throttling: the account has no capacity left

    /// Throttles each refresh.
    private static func throttle(_ harness: ProvisioningHarness, _ meanwhile: @escaping () throws -> Void) {
        harness.network.before = { request in
            guard request.url.hasSuffix("/invocations") else { return nil }
            try? meanwhile()
            let headers = [Header("x-amzn-ErrorType", "TooManyRequestsException")]
            return .success(Response(status: 429, headers: headers, body: Array(#"{"Reason":"x"}"#.utf8)))
        }
    }

    @Test("A throttled run waits for the token of the other refresh") func throttled() throws {
        let harness = try ProvisioningHarness()
        Self.throttle(harness) { try Self.putToken(harness) }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.refreshes.values == [])
        // After the client's own retries.
        #expect(harness.network.waits == [100, 200, 400, 500])
    }

    @Test("A run waits again while another refresh takes long") func throttledTwice() throws {
        let harness = try ProvisioningHarness()
        var refreshes = 0
        Self.throttle(harness) {
            refreshes += 1
            // Each invocation is sent four times.
            if refreshes > 4 { try Self.putToken(harness) }
        }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.network.waits.filter { $0 == 500 }.count == 2)
    }

    @Test("A run that stays throttled is retried later") func throttledForLong() throws {
        let harness = try ProvisioningHarness()
        Self.throttle(harness) {}
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().errorCode == "SALESFORCE_UNAVAILABLE")
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    @Test("A failed refresh is the order's error, with its cause") func failedRefresh() throws {
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
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }
}
