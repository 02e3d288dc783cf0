import HTTP
import Testbed
import Testing

@testable import Orders
@testable import Salesforce

/// Where the Salesforce token comes from in a run.
@Suite struct TokenTests {
    @Test func aFirstTokenNeedsNobody() throws {
        let works = try Works()
        #expect(try works.cloud.value("token") == nil)
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.refreshes.values == [["rejectedToken": ""]])
        let token = try Token(parameterValue: works.cloud.value("token") ?? "")
        #expect(works.salesforce.state.tokens == [token.accessToken])
    }

    /// Written by hand, or by another version.
    @Test func anUnreadableTokenIsReplaced() throws {
        let works = try Works()
        try works.cloud.put("token", "00D!plain")
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.refreshes.values == [["rejectedToken": ""]])
    }

    @Test func aTokenThatIsThereIsUsed() throws {
        let works = try Works()
        try works.run()
        try works.run(Seed.otherOrder)
        #expect(works.refreshes.values.count == 1)
        // Kept from one invocation to the next.
        #expect(works.wire.requests.count { $0.action == "GetParameters" } <= 3)
    }

    /// All that it reads of the store it has read before its first event, in one call.
    @Test func theFirstEventReadsNoParameters() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        let (sent, refreshes) = (works.wire.requests.count, works.refreshes.values.count)
        try works.restart()
        #expect(try works.run()["status"] == "Provisioned")
        let actions = works.wire.requests.dropFirst(sent).map(\.action)
        #expect(actions.first == "GetParameters")
        #expect(actions.count { $0 == "GetParameters" } == 1)
        #expect(works.refreshes.values.count == refreshes)
    }

    /// A store that did not answer at the start is asked by the event.
    @Test func theFirstEventReadsWhatTheStartCouldNot() throws {
        let works = try Works()
        works.wire.before = { $0.action == "GetParameters" ? .unreachable : nil }
        try works.restart()
        works.wire.before = { _ in nil }
        #expect(try works.run()["status"] == "Provisioned")
    }

    @Test func aRevokedTokenIsReplacedOnceInsideTheRun() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        let old = try Token(parameterValue: works.cloud.value("token") ?? "")
        works.salesforce.revokeTokens()
        let asked = works.salesforce.state.requests.count
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.refreshes.values.dropFirst() == [["rejectedToken": .string(old.fingerprint)]])
        #expect(try Token(parameterValue: works.cloud.value("token") ?? "") != old)
        // Refused, granted, asked again: the same query, once more.
        let requests = works.salesforce.state.requests.dropFirst(asked)
        #expect(
            requests.prefix(3) == [
                "GET /services/data/v66.0/query", "POST /services/oauth2/token", "GET /services/data/v66.0/query",
            ])
    }

    /// Another run has fetched one meanwhile: it is in the parameter, and nobody has to be invoked.
    @Test func aTokenThatSomebodyElseFetchedIsUsed() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        works.salesforce.revokeTokens()
        let fresh = Token(
            accessToken: works.salesforce.issueToken(), instanceURL: works.salesforce.url, issuedAt: 1)
        try works.cloud.put("token", try #require(fresh).parameterValue)
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.refreshes.values.count == 1)
    }

    /// The new one is refused too: once more is not tried, and the order waits.
    @Test func twoRefusedTokensAreEnough() throws {
        let works = try Works()
        works.salesforce.failNext(
            .answer(401, #"[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]"#), on: "/query",
            times: 10)
        #expect(try works.run()["status"] == "Activating")
        #expect(works.salesforce.state.requests.count { $0.hasSuffix("/query") } == 2)
        let order = try works.ledger()
        #expect(order.errorCode == "SALESFORCE_UNAVAILABLE")
        #expect(order.errorMessage == "Salesforce does not accept the token, nor the one that replaced it.")
        #expect(order.dueAt != nil)
    }

    private static func throttled(_ works: Works, _ meanwhile: @escaping () throws -> Void) {
        works.wire.before = { request in
            guard request.url.hasSuffix("/invocations") else { return nil }
            try? meanwhile()
            let headers = [Header("x-amzn-ErrorType", "TooManyRequestsException")]
            return .success(Response(status: 429, headers: headers, body: Array(#"{"Reason":"x"}"#.utf8)))
        }
    }

    /// One refresh runs at a time: who is turned away finds what the other one fetched.
    @Test func whoIsThrottledWaitsForTheTokenOfTheOther() throws {
        let works = try Works()
        Self.throttled(works) {
            let token = Token(
                accessToken: works.salesforce.issueToken(), instanceURL: works.salesforce.url, issuedAt: 1)
            try works.cloud.put("token", try #require(token).parameterValue)
        }
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.refreshes.values == [])
    }

    @Test func whoIsThrottledForEverComesAgain() throws {
        let works = try Works()
        Self.throttled(works) {}
        #expect(try works.run()["status"] == "Activating")
        #expect(try works.ledger().errorCode == "SALESFORCE_UNAVAILABLE")
        works.wire.before = { _ in nil }
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
    }

    @Test func whyThereIsNoTokenIsTold() throws {
        let works = try Works()
        try works.cloud.put("client-secret", "wrong")
        #expect(try works.run()["status"] == "Activating")
        let message = try works.ledger().errorMessage ?? ""
        #expect(
            message.hasPrefix(
                "There is no Salesforce token: refresh-sf-token failed: Failure: Salesforce gives no token: invalid_client"
            ), "\(message)")
        try works.cloud.put("client-secret", "client-secret")
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
    }
}
