import TestSupport
import Basics
import JSON
import Lambda
import Testbed

@testable import Orders

/// verify-signature in this process, with an AWS account of its own.
final class WebhookHarness {
    let aws: SimulatedAccount
    let network: FakeHTTPClient
    let log = LogLines()
    private let environment: Environment
    private var invocations = 0
    /// Tells the invocations of two harnesses of one ledger apart; an address may be used again.
    private let number = UInt64.random(in: .min ... .max)
    private var webhook: Webhook

    /// - Parameters:
    ///   - secret: the webhook secret; nil stores none.
    ///   - values: replace or add variables of a valid configuration.
    ///   - endpoints: URLs of single AWS services, by their names in `AWS_ENDPOINT_URL_…`.
    init(
        secret: String? = WebhookRequest.secret, _ values: [String: String] = [:], endpoints: [String: String] = [:],
        aws: SimulatedAccount? = nil, network: FakeHTTPClient = FakeHTTPClient.passingThrough()
    ) throws {
        self.aws = try aws ?? SimulatedAccount()
        self.network = network
        if let secret { try self.aws.put("webhook-secret", secret) }
        var environment = self.aws.environment(
            [
                "SF_WEBHOOK_SECRET_PARAMETER": self.aws.parameter("webhook-secret"),
                "LEDGER_TABLE": self.aws.table, "EVENT_BUS_NAME": self.aws.bus,
            ].merging(values) { $1 }, with: endpoints)
        self.environment = environment
        let settings = Webhook.Settings(&environment)
        try environment.check()
        webhook = Webhook(settings, self.aws.account(with: endpoints), network.client, log.log)
    }

    /// Starts a new process, through its init phase.
    func start() throws { webhook = try Webhook.start(environment, network.client, log.log) }

    @discardableResult
    func send(_ request: WebhookRequest) throws -> GatewayAnswer { try send(request.payload) }

    func send(_ payload: [UInt8]) throws -> GatewayAnswer {
        invocations += 1
        let id = "\(number)-\(invocations)"
        return GatewayAnswer(
            try webhook.respond(to: Invocation(requestID: id, deadline: network.now + 10_000, payload: payload)))
    }
}

extension JSON {
    /// The body of an answer to an accepted request or a duplicate.
    static func accepted(_ requestNumber: Int = 1, _ status: String = "Accepted") -> JSON {
        ["orderId": .string(Seed.order), "status": .string(status), "attempt": .number(requestNumber)]
    }
}
