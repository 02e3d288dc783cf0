import Basics
import Foundation
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders
@testable import Salesforce

@Suite struct TokenRefreshTests {
    /// openssl makes it once: it takes a moment.
    private static let key = Result { String(decoding: try Program.openssl.run(["genrsa", "2048"]), as: UTF8.self) }

    /// refresh-sf-token in this process. Salesforce checks the assertion's time, so the clock is the real one.
    private final class RefreshHarness {
        let aws: MotoAccount
        let salesforce: SalesforceSimulator
        let network = FakeNetwork(now: Timestamp.now())
        let log = LogLines()
        private let environment: Environment
        private var refresh: TokenRefresh

        init(_ values: [String: String] = [:], key: String? = nil) throws {
            aws = try MotoAccount()
            let pem = try TokenRefreshTests.key.get()
            let publicKey = String(
                decoding: try Program.openssl.run(["rsa", "-pubout"], input: Array(pem.utf8)), as: UTF8.self)
            salesforce = try SalesforceSimulator(
                app: .init(
                    clientId: "client-id", username: "robot@example.com", jwtPublicKeyPEM: publicKey,
                    clientSecret: "client-secret"))
            try aws.put("key", key ?? pem)
            try aws.put("client-secret", " client-secret\n")
            var environment = aws.environment(
                [
                    "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"), "SF_LOGIN_URL": salesforce.url,
                    "SF_CLIENT_ID": "client-id", "SF_USERNAME": "robot@example.com",
                    "SF_PRIVATE_KEY_PARAMETER": aws.parameter("key"),
                    "SF_CLIENT_SECRET_PARAMETER": aws.parameter("client-secret"),
                ].merging(values) { $1 })
            self.environment = environment
            let settings = TokenRefresh.Settings(&environment)
            try environment.check()
            refresh = TokenRefresh(settings, aws.account, network.client, log.log)
        }

        deinit { salesforce.stop() }

        /// A new process, through its whole start.
        func start() throws { refresh = try TokenRefresh.start(environment, network.client, log.log) }

        func handle(_ event: JSON = [:]) throws -> JSON { try handle(event.bytes) }

        func handle(_ payload: [UInt8]) throws -> JSON {
            JSON(
                try refresh.handle(
                    Invocation(requestID: "r", deadline: network.now + 30_000, payload: payload))) ?? .null
        }

        func token() throws -> Token? {
            try aws.value("token").map { value throws in try Token(parameterValue: value) }
        }
    }

    private static func sample(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: packageRoot.appending(path: "events/\(name).json")))
    }

    private static let refreshed: JSON = ["refreshed": true]
    private static let notNeeded: JSON = ["refreshed": false]

    @Test func theScheduleBringsAToken() throws {
        let harness = try RefreshHarness()
        #expect(try harness.handle(Self.sample("schedule")) == Self.refreshed)
        let token = try #require(try harness.token())
        #expect(harness.salesforce.state.tokens == [token.accessToken])
        #expect(token.instanceURL == harness.salesforce.url)
        #expect(token.issuedAt == harness.network.now)
        // Told apart in the log, and not told.
        #expect(harness.log.lines.last?["token"] == .string(token.fingerprint))
        let logged = harness.log.lines.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
        #expect(!logged.contains(token.accessToken))
    }

    @Test(arguments: [[:], ["SF_AUTH_FLOW": "client-credentials"]]) func theFirstEventReadsNoSecret(
        _ values: [String: String]
    ) throws {
        let harness = try RefreshHarness(values)
        try harness.start()
        let sent = harness.network.requests.count
        #expect(try harness.handle() == Self.refreshed)
        #expect(harness.network.requests.dropFirst(sent).map(\.action) == ["", "PutParameter"])
        #expect(harness.salesforce.state.tokensIssued == 1)
    }

    @Test(arguments: [("7200", "1"), ("900", "1"), ("86400", "23")] as [(String, String)])
    func theParameterIsSecretAndTellsWhenItGrowsOld(_ lifetime: String, _ hours: String) throws {
        let harness = try RefreshHarness(["SF_TOKEN_LIFETIME": lifetime])
        _ = try harness.handle()
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

    private static func policyEvent(_ parameter: String) -> JSON {
        ["detail-type": "Parameter Store Policy Action", "detail": ["parameter-name": .string(parameter)]]
    }

    @Test func aPolicyEventOfTheTokenBringsANewOne() throws {
        let harness = try RefreshHarness()
        _ = try harness.handle()
        let old = try harness.token()
        #expect(try harness.handle(Self.policyEvent(harness.aws.parameter("token"))) == Self.refreshed)
        #expect(try harness.token() != old)
    }

    /// One rule sees the policies of the whole account.
    @Test func aPolicyEventOfAnotherParameterDoesNot() throws {
        let harness = try RefreshHarness()
        #expect(try harness.handle(Self.policyEvent("/somebody/elses")) == Self.notNeeded)
        #expect(try harness.handle(Self.sample("ssm-policy-action")) == Self.notNeeded)
        #expect(harness.network.requests.isEmpty)
        #expect(harness.log.messages.count == 2)
    }

    @Test func aRejectedTokenIsReplaced() throws {
        let harness = try RefreshHarness()
        _ = try harness.handle()
        let old = try #require(try harness.token())
        #expect(try harness.handle(["rejectedToken": .string(old.fingerprint)]) == Self.refreshed)
        #expect(try harness.token() != old)
        #expect(harness.salesforce.state.tokensIssued == 2)
    }

    /// Of ten runs that meet a revoked token only the first one's call costs a grant.
    @Test(arguments: ["41f4bfecdf24eec8", ""]) func aTokenNewerThanTheRejectedOneIsGoodEnough(_ rejected: String) throws
    {
        let harness = try RefreshHarness()
        _ = try harness.handle()
        let current = try harness.token()
        #expect(try harness.handle(["rejectedToken": .string(rejected)]) == Self.notNeeded)
        #expect(try harness.token() == current)
        #expect(harness.salesforce.state.tokensIssued == 1)
    }

    @Test func aMissingOrUnreadableTokenIsReplaced() throws {
        let harness = try RefreshHarness()
        #expect(try harness.handle(["rejectedToken": ""]) == Self.refreshed)
        try harness.aws.put("token", "garbage")
        #expect(try harness.handle(["rejectedToken": "41f4bfecdf24eec8"]) == Self.refreshed)
        #expect(harness.salesforce.state.tokensIssued == 2)
    }

    @Test func clientCredentialsWorkToo() throws {
        let harness = try RefreshHarness(["SF_AUTH_FLOW": "client-credentials"])
        #expect(try harness.handle() == Self.refreshed)
        #expect(harness.salesforce.state.tokens == [try harness.token()?.accessToken])
        // The secret was put with white space around it, and in the body only.
        let grant = try #require(harness.network.requests.first { $0.url.hasSuffix("/services/oauth2/token") })
        #expect(
            String(decoding: grant.body, as: UTF8.self)
                == "grant_type=client_credentials&client_id=client-id&client_secret=client-secret")
    }

    @Test func theKeyMayBeAFile() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("key.pem", Array(Self.key.get().utf8))
        let harness = try RefreshHarness(["SF_PRIVATE_KEY_PARAMETER": "", "SF_PRIVATE_KEY_PATH": path])
        #expect(try harness.handle() == Self.refreshed)
    }

    @Test(
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
    func aMissingSecretIsNamed(_ values: [String: String], _ message: String) throws {
        let harness = try RefreshHarness(values)
        #expect(throws: FunctionError("Configuration", message)) { try harness.handle() }
        #expect(try harness.token() == nil)
    }

    @Test func aKeyThatIsNoneIsTold() throws {
        let harness = try RefreshHarness(key: "-----BEGIN NOTHING-----")
        #expect(
            throws: FunctionError(
                "SalesforceFailure",
                "There is no Salesforce token: the assertion cannot be signed: the private key is not an unencrypted PEM"
                    + " key.")
        ) { try harness.handle() }
        #expect(harness.salesforce.state.requests == [])
    }

    /// What is there stays there: a token that cannot be replaced may still be good.
    @Test(
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
    func aRefusalHasAHint(_ values: [String: String], _ code: String, _ expected: String) throws {
        let harness = try RefreshHarness(values)
        try harness.aws.put("token", "kept")
        let error = try #require(#expect(throws: FunctionError.self) { try harness.handle() })
        #expect(error.type == "SalesforceFailure")
        #expect(error.message.hasPrefix("Salesforce gives no token: \(code) "))
        #expect(error.message.hasSuffix(" – \(expected)"))
        #expect(try harness.aws.value("token") == "kept")
    }

    /// The token service's hiccup, which passes.
    @Test func aHiccupIsTriedAgain() throws {
        let harness = try RefreshHarness()
        let hiccup = #"{"error":"unknown_error","error_description":"retry your request"}"#
        harness.salesforce.failNext(.answer(400, hiccup), times: 2)
        #expect(try harness.handle() == Self.refreshed)
        #expect(harness.salesforce.state.requests.count == 3)
    }

    @Test(arguments: ["", "[]", "null", "\"x\""]) func anEventIsAnObject(_ payload: String) throws {
        let harness = try RefreshHarness()
        #expect(throws: FunctionError("MalformedEvent", "the event is not a JSON object")) {
            try harness.handle(Array(payload.utf8))
        }
    }

    @Test(arguments: [.null, 7, true, [:]] as [JSON]) func theRejectedTokenIsText(_ rejected: JSON) throws {
        let harness = try RefreshHarness()
        #expect(throws: FunctionError("MalformedEvent", "rejectedToken in the event must be text")) {
            try harness.handle(["rejectedToken": rejected])
        }
        #expect(harness.network.requests.isEmpty)
    }
}
