import TestSupport
import Basics
import JSON
import Lambda
import Testing

@testable import Orders

/// order-status in this process, with an AWS account of its own.
final class StatusHarness {
    let aws: SimulatedAccount
    let network = FakeHTTPClient.passingThrough()
    let log = LogLines()
    private let status: OrderStatus
    private let environment: Environment

    /// - Parameters:
    ///   - secret: the webhook secret; nil stores none.
    ///   - values: replace variables of a valid configuration.
    ///   - endpoints: URLs of single AWS services, by their names in `AWS_ENDPOINT_URL_…`.
    init(
        secret: String? = WebhookRequest.secret, _ values: [String: String] = [:], endpoints: [String: String] = [:]
    ) throws {
        aws = try SimulatedAccount()
        if let secret { try aws.put("webhook-secret", secret) }
        var environment = aws.environment(
            [
                "LEDGER_TABLE": aws.table, "EVENT_BUS_NAME": aws.bus,
                "SF_WEBHOOK_SECRET_PARAMETER": aws.parameter("webhook-secret"),
            ].merging(values) { $1 }, with: endpoints)
        self.environment = environment
        let settings = OrderStatus.Settings(&environment)
        try environment.check()
        status = OrderStatus(settings, aws.account(with: endpoints), network.client, log.log)
    }

    /// Starts a new process, through its init phase.
    func start() throws { _ = try OrderStatus.start(environment, network.client, log.log) }

    /// Sends a read that a portal has signed.
    func get(_ request: ReadRequest) throws -> GatewayAnswer { try handle(request.payload) }

    func handle(_ payload: [UInt8]) throws -> GatewayAnswer {
        GatewayAnswer(
            try status.respond(to: Invocation(requestID: "r", deadline: network.now + 10_000, payload: payload)))
    }

    /// Stores in the ledger what refresh-sf-token would.
    ///
    /// - Parameter age: in ms.
    func recordToken(age: Int) throws {
        try aws.set("token", ["updatedAt": .milliseconds(network.now - age)])
    }
}
