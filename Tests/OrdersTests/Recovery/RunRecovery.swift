import Basics
import HTTP
import JSON
import Lambda

@testable import Orders

extension ProvisioningHarness {
    /// Runs recover-orders on the harness's ledger, in a new process.
    ///
    /// - Parameters:
    ///   - values: further variables.
    ///   - http: nil is the harness's own client.
    @discardableResult
    func recover(_ event: JSON = [:], _ values: [String: String] = [:], with http: HTTPClient? = nil) throws -> JSON {
        try invoke(recovery(values, with: http), event, at: (http ?? network.client).now())
    }

    /// A process of recover-orders.
    func recovery(_ values: [String: String] = [:], with http: HTTPClient? = nil) throws -> Recovery {
        var environment = Environment(
            ["LEDGER_TABLE": aws.table, "EVENT_BUS_NAME": aws.bus, "ORDER_QUEUE_URL": aws.orderQueueURL]
                .merging(values) { $1 })
        let settings = Recovery.Settings(&environment)
        try environment.check()
        return Recovery(settings, aws.account(with: ["LAMBDA": lambdaURL]), http ?? network.client, log.log)
    }

    func invoke(_ recovery: Recovery, _ event: JSON = [:], at now: Timestamp? = nil) throws -> JSON {
        let invocation = Invocation(
            requestID: "recovery", deadline: (now ?? network.now) + 60_000, payload: event.bytes)
        return JSON(try recovery.respond(to: invocation)) ?? .null
    }
}
