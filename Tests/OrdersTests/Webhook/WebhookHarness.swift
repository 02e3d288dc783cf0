import Basics
import JSON
import Lambda
import Testbed

@testable import Orders

/// verify-signature in this process, before a ledger and a bus of its own.
final class WebhookHarness {
    let aws: MotoAccount
    let network: FakeNetwork
    let log = LogLines()
    private let environment: Environment
    private var invocations = 0
    private var webhook: Webhook

    /// - Parameters:
    ///   - values: set over the good configuration.
    ///   - endpoints: of AWS services that are elsewhere.
    init(
        secret: String? = WebhookRequest.secret, _ values: [String: String] = [:], endpoints: [String: String] = [:],
        aws: MotoAccount? = nil, network: FakeNetwork = FakeNetwork()
    ) throws {
        self.aws = try aws ?? MotoAccount()
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

    /// A new process, through its whole start.
    func start() throws { webhook = try Webhook.start(environment, network.client, log.log) }

    func send(_ click: WebhookRequest) throws -> Answer { try send(click.payload) }

    func send(_ payload: [UInt8]) throws -> Answer {
        invocations += 1
        // Lambda's ids differ by invocation; a gate's from another gate's.
        let id = "\(ObjectIdentifier(self).hashValue)-\(invocations)"
        return Answer(try webhook.handle(Invocation(requestID: id, deadline: network.now + 10_000, payload: payload)))
    }
}

extension JSON {
    static func accepted(_ attempt: Int = 1, _ status: String = "Accepted") -> JSON {
        ["orderId": .string(Seed.order), "status": .string(status), "attempt": .number(attempt)]
    }
}
