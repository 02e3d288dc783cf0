import Basics
import Foundation
import JSON
import Lambda
import TestSupport
import Testbed

@testable import Orders
@testable import Salesforce

/// refresh-sf-token in this process. The simulator checks the assertion's time, so the clock starts at the real time.
final class RefreshHarness {
    let aws: SimulatedAccount
    let salesforce: SalesforceSimulator
    let network = FakeHTTPClient.passingThrough(now: Timestamp.now())
    let log = LogLines()
    private let environment: Environment
    private var refresh: TokenRefresh

    /// Made once, because it takes a moment: a private key, and its public key.
    static let keys = Result {
        let key = try Program.openssl.text(["genrsa", "2048"])
        return (key: key, publicKey: try Program.openssl.text(["rsa", "-pubout"], input: key))
    }

    /// - Parameters:
    ///   - values: replace or add variables of a valid configuration.
    ///   - key: the stored private key; nil stores the right one.
    init(_ values: [String: String] = [:], key: String? = nil) throws {
        aws = try SimulatedAccount()
        let keys = try RefreshHarness.keys.get()
        salesforce = try SalesforceSimulator(
            app: .init(
                clientId: "client-id", username: "robot@example.com", jwtPublicKeyPEM: keys.publicKey,
                clientSecret: "client-secret"))
        try aws.put("key", key ?? keys.key)
        try aws.put("client-secret", " client-secret\n")
        var environment = aws.environment(
            [
                "LEDGER_TABLE": aws.table, "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"),
                "SF_LOGIN_URL": salesforce.url,
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

    /// Starts a new process, through its init phase.
    func start() throws { refresh = try TokenRefresh.start(environment, network.client, log.log) }

    @discardableResult
    func handle(_ event: JSON = [:]) throws -> JSON { try handle(event.bytes) }

    func handle(_ payload: [UInt8]) throws -> JSON { try Self.handle(payload, "r", network.now + 30_000, refresh) }

    /// Runs two invocations by their request ids and events, each in a process of its own: whenever both wait for
    /// responses, the requests of both go out.
    func handleAtOnce(_ first: (String, JSON), _ second: (String, JSON)) throws -> [JSON] {
        let client = network.client
        let processes = try [first, second].map { _ in try TokenRefresh.start(environment, client, log.log) }
        let deadline = network.now + 30_000
        let results = client.together(
            { try Self.handle(first.1.bytes, first.0, deadline, processes[0]) },
            { try Self.handle(second.1.bytes, second.0, deadline, processes[1]) })
        return [try results.0.get(), try results.1.get()]
    }

    private static func handle(
        _ payload: [UInt8], _ requestID: String, _ deadline: Timestamp, _ refresh: TokenRefresh
    ) throws -> JSON {
        JSON(try refresh.respond(to: Invocation(requestID: requestID, deadline: deadline, payload: payload))) ?? .null
    }

    /// The stored token.
    func token() throws -> Token? {
        try aws.value("token").map { value throws in try Token(parameterValue: value) }
    }
}
