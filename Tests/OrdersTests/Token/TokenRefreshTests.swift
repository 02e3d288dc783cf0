import Basics
import Foundation
import HTTP
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

@Suite struct TokenRefreshTests {
    private static let refreshed: JSON = ["refreshed": true]
    private static let notNeeded: JSON = ["refreshed": false]

    private static func sample(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: packageRoot.appending(path: "events/\(name).json")))
    }

    // MARK: Events

    @Test("The schedule refreshes the token, and the log holds its fingerprint only") func schedule() throws {
        let harness = try RefreshHarness()
        #expect(try harness.handle(Self.sample("schedule")) == Self.refreshed)
        let token = try #require(try harness.token())
        #expect(harness.salesforce.state.tokens == [token.accessToken])
        #expect(token.instanceURL == harness.salesforce.url)
        #expect(token.issuedAt == harness.network.now)
        #expect(harness.log.lines.last?["token"] == .string(token.fingerprint))
        #expect(!harness.log.text.contains(token.accessToken))
    }

    private static func policyEvent(_ parameter: String) -> JSON {
        ["detail-type": "Parameter Store Policy Action", "detail": ["parameter-name": .string(parameter)]]
    }

    @Test("A policy event of the token's parameter refreshes the token") func policyEvent() throws {
        let harness = try RefreshHarness()
        try harness.handle()
        let old = try harness.token()
        #expect(try harness.handle(Self.policyEvent(harness.aws.parameter("token"))) == Self.refreshed)
        #expect(try harness.token() != old)
    }

    /// The rule matches the policies of the whole account.
    @Test("A policy event of another parameter refreshes nothing") func policyEventOfAnother() throws {
        let harness = try RefreshHarness()
        #expect(try harness.handle(Self.policyEvent("/somebody/elses")) == Self.notNeeded)
        #expect(try harness.handle(Self.sample("ssm-policy-action")) == Self.notNeeded)
        #expect(harness.network.requests.isEmpty)
        #expect(harness.log.messages.count == 2)
    }

    @Test("A rejected token is replaced") func rejectedToken() throws {
        let harness = try RefreshHarness()
        try harness.handle()
        let old = try #require(try harness.token())
        #expect(try harness.handle(["rejectedToken": .string(old.fingerprint)]) == Self.refreshed)
        #expect(try harness.token() != old)
        #expect(harness.salesforce.state.tokensIssued == 2)
    }

    /// Of ten runs with a revoked token, only the first one's call requests a token of Salesforce.
    @Test("A token newer than the rejected one is kept", arguments: ["41f4bfecdf24eec8", ""])
    func newerToken(_ rejected: String) throws {
        let harness = try RefreshHarness()
        try harness.handle()
        let current = try harness.token()
        #expect(try harness.handle(["rejectedToken": .string(rejected)]) == Self.notNeeded)
        #expect(try harness.token() == current)
        #expect(harness.salesforce.state.tokensIssued == 1)
    }

    @Test("A missing or unreadable token is replaced") func unreadableToken() throws {
        let harness = try RefreshHarness()
        #expect(try harness.handle(["rejectedToken": ""]) == Self.refreshed)
        try harness.aws.put("token", "garbage")
        #expect(try harness.handle(["rejectedToken": "41f4bfecdf24eec8"]) == Self.refreshed)
        #expect(harness.salesforce.state.tokensIssued == 2)
    }

    @Test("An event that is not an object is refused", arguments: ["", "[]", "null", "\"x\""])
    func malformedEvent(_ payload: String) throws {
        let harness = try RefreshHarness()
        #expect(throws: FunctionError("MalformedEvent", "the event is not a JSON object")) {
            try harness.handle(Array(payload.utf8))
        }
    }

    @Test("A rejectedToken that is not text is refused", arguments: [.null, 7, true, [:]] as [JSON])
    func malformedRejection(_ rejected: JSON) throws {
        let harness = try RefreshHarness()
        #expect(throws: FunctionError("MalformedEvent", "rejectedToken in the event must be text")) {
            try harness.handle(["rejectedToken": rejected])
        }
        #expect(harness.network.requests.isEmpty)
    }

    @Test(
        "A token of another organization is not stored",
        arguments: [("00Dn00000012AbC", true), ("00Dn00000012AbCEAU", true), ("00Dxx0000000001", false)])
    func organization(_ id: String, _ isOurs: Bool) throws {
        let harness = try RefreshHarness(["SF_ORGANIZATION_ID": id])
        if isOurs {
            #expect(try harness.handle() == Self.refreshed)
        } else {
            let error = #expect(throws: FunctionError.self) { try harness.handle() }
            #expect(error?.message.contains("SF_ORGANIZATION_ID") == true)
        }
        #expect(try (harness.token() != nil) == isOurs)
    }

    @Test("An answer that names no organization is refused where one is wanted", arguments: [nil, "", "https://a/b/c"])
    func noOrganization(_ identity: String?) throws {
        let harness = try RefreshHarness(["SF_ORGANIZATION_ID": "00Dn00000012AbC"])
        harness.network.after = { request, answer in
            guard request.url.hasSuffix("/token"), case .success(let response) = answer else { return answer }
            var body = JSON(response.body)?.object ?? [:]
            body["id"] = identity.map(JSON.string)
            return .success(Response(status: 200, body: JSON.object(body).bytes))
        }
        #expect(throws: FunctionError.self) { try harness.handle() }
        #expect(try harness.token() == nil)
    }

    // MARK: The token's time

    @Test("The ledger records when the token was stored, and nothing of the token") func recordedTime() throws {
        let harness = try RefreshHarness()
        try harness.handle()
        #expect(try harness.aws.item("token") == ["pk": "token", "updatedAt": .milliseconds(harness.network.now)])
        harness.network.now += 1_000
        try harness.handle()
        #expect(try harness.aws.item("token")?["updatedAt"]?.timestamp == harness.network.now)
        #expect(try harness.aws.keys() == ["token"])
    }

    @Test("Nothing is recorded when Salesforce issues no token, or the token is not stored") func noTokenNoTime() throws
    {
        let harness = try RefreshHarness(["SF_USERNAME": "nobody@example.com"])
        #expect(throws: FunctionError.self) { try harness.handle() }
        let second = try RefreshHarness()
        second.network.before = { $0.action == "PutParameter" ? .answer(400, "{}") : nil }
        #expect(throws: (any Error).self) { try second.handle() }
        for harness in [harness, second] { #expect(try harness.aws.item("token") == ["pk": "token"]) }
    }

    @Test("A lease that is not released does not fail the refresh") func notReleased() throws {
        let harness = try RefreshHarness()
        harness.network.before = { [network = harness.network] request in
            let isStored = network.requests.contains { $0.action == "PutParameter" }
            return request.action == "UpdateItem" && isStored ? .answer(400, "{}") : nil
        }
        #expect(try harness.handle() == Self.refreshed)
        #expect(try harness.token() != nil)
        #expect(harness.log.messages == ["refreshed", "the refresh lease was not released"])
    }

    // MARK: The parameter

    @Test(
        "The token is a SecureString with a policy for its age",
        arguments: [("7200", "1"), ("900", "1"), ("86400", "23")] as [(String, String)])
    func parameter(_ lifetime: String, _ hours: String) throws {
        let harness = try RefreshHarness(["SF_TOKEN_LIFETIME": lifetime])
        try harness.handle()
        let put = try #require(harness.network.requests.first { $0.action == "PutParameter" })
        let body = try #require(JSON(put.body))
        #expect((body["Name"], body["Type"]) == (.string(harness.aws.parameter("token")), "SecureString"))
        #expect((body["Overwrite"], body["Tier"]) == (true, "Advanced"))
        let policies = JSON(Array((body["Policies"]?.string ?? "").utf8))
        #expect(
            policies == [
                [
                    "Type": "NoChangeNotification", "Version": "1.0",
                    "Attributes": ["After": .string(hours), "Unit": "Hours"],
                ]
            ])
        let value = JSON(Array((body["Value"]?.string ?? "").utf8))
        #expect(Set((value?.object ?? [:]).keys) == ["access_token", "instance_url", "issued_at"])
    }

    @Test("The token is encrypted with the key of the secrets", arguments: [nil, "arn:aws:kms:eu-west-1:1:key/k"])
    func key(_ key: String?) throws {
        let harness = try RefreshHarness(["SECRETS_KEY_ARN": key ?? ""])
        try harness.handle()
        let put = try #require(harness.network.requests.first { $0.action == "PutParameter" })
        #expect(JSON(put.body)?["KeyId"]?.string == key)
    }

    // MARK: The grant

    @Test("The first event reads no secret, only the token", arguments: [[:], ["SF_AUTH_FLOW": "client-credentials"]])
    func initPhase(_ values: [String: String]) throws {
        let harness = try RefreshHarness(values)
        try harness.start()
        let sent = harness.network.requests.count
        #expect(try harness.handle() == Self.refreshed)
        #expect(
            harness.network.requests.dropFirst(sent).map(\.action)
                == ["GetParameters", "UpdateItem", "GetParameters", "", "PutParameter", "UpdateItem"])
        #expect(harness.salesforce.state.tokensIssued == 1)
    }

    @Test("Client credentials are sent in the body, without white space around the secret") func clientCredentials()
        throws
    {
        let harness = try RefreshHarness(["SF_AUTH_FLOW": "client-credentials"])
        #expect(try harness.handle() == Self.refreshed)
        #expect(harness.salesforce.state.tokens == [try harness.token()?.accessToken])
        let grant = try #require(harness.network.requests.first { $0.url.hasSuffix("/services/oauth2/token") })
        #expect(grant.text == "grant_type=client_credentials&client_id=client-id&client_secret=client-secret")
    }

    @Test("The private key may be a file") func keyFile() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("key.pem", Array(RefreshHarness.keys.get().key.utf8))
        let harness = try RefreshHarness(["SF_PRIVATE_KEY_PARAMETER": "", "SF_PRIVATE_KEY_PATH": path])
        #expect(try harness.handle() == Self.refreshed)
    }

    @Test(
        "A missing secret is reported by its variable",
        arguments: [
            (
                ["SF_PRIVATE_KEY_PARAMETER": "/nobody/put/this"],
                "SF_PRIVATE_KEY_PARAMETER names a parameter that does not exist"
            ),
            (
                ["SF_PRIVATE_KEY_PARAMETER": "", "SF_PRIVATE_KEY_PATH": "/nobody/put/this.pem"],
                "SF_PRIVATE_KEY_PATH names a file that cannot be read"
            ),
            (
                ["SF_AUTH_FLOW": "client-credentials", "SF_CLIENT_SECRET_PARAMETER": "/nobody/put/this"],
                "SF_CLIENT_SECRET_PARAMETER names a parameter that does not exist"
            ),
        ] as [([String: String], String)])
    func missingSecret(_ values: [String: String], _ message: String) throws {
        let harness = try RefreshHarness(values)
        #expect(throws: FunctionError("Configuration", message)) { try harness.handle() }
        #expect(try harness.token() == nil)
    }

    @Test("A key that is not PEM is reported, and nothing is sent to Salesforce") func malformedKey() throws {
        let harness = try RefreshHarness(key: "-----BEGIN NOTHING-----")
        #expect(
            throws: FunctionError(
                "SalesforceFailure",
                "There is no Salesforce token: the assertion cannot be signed: the private key is not an unencrypted PEM"
                    + " key.")
        ) { try harness.handle() }
        #expect(harness.salesforce.state.requests == [])
    }

    @Test(
        "A refused grant keeps the stored token, and has a hint",
        arguments: [
            (
                ["SF_USERNAME": "nobody@example.com"], "invalid_grant",
                "Pre-authorize the user: in the app's policies choose \"Admin approved users\" and give the user's profile or "
                    + "permission set."
            ),
            (
                ["SF_CLIENT_ID": "another-id"], "invalid_client_id",
                "Copy the consumer key (and secret) again from the app: l and I look alike."
            ),
            (
                ["SF_AUDIENCE": "https://example.com"], "invalid_grant",
                "Set SF_AUDIENCE: https://login.salesforce.com, or https://test.salesforce.com for a sandbox."
            ),
        ] as [([String: String], String, String)])
    func refusedGrant(_ values: [String: String], _ code: String, _ hint: String) throws {
        let harness = try RefreshHarness(values)
        try harness.aws.put("token", "kept")
        let error = try #require(#expect(throws: FunctionError.self) { try harness.handle() })
        #expect(error.type == "SalesforceFailure")
        #expect(error.message.hasPrefix("Salesforce gives no token: \(code) "))
        #expect(error.message.hasSuffix(" – \(hint)"))
        #expect(try harness.aws.value("token") == "kept")
    }

    @Test("A retryable error of the token endpoint is retried") func retriedGrant() throws {
        let harness = try RefreshHarness()
        let error = #"{"error":"unknown_error","error_description":"retry your request"}"#
        harness.salesforce.failNext(.answer(400, error), times: 2)
        #expect(try harness.handle() == Self.refreshed)
        #expect(harness.salesforce.state.requests.count == 3)
    }
}
