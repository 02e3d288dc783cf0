import Testbed

/// Runs one order after the other on a testbed of its own, each with one fault.
final class MatrixRunner: Sendable {
    /// How an order is to be provisioned.
    enum Scenario: String, CaseIterable, Sendable {
        /// The operator clicks, and there is no Salesforce token.
        case click
        /// The operator clicks, and the event does not reach the bus. recover-orders must publish it.
        case unannounced
        /// The operator clicks, and a module fails until a person repairs it.
        case failedModule
        /// The operator clicks for a closed client. The order must fail, and Salesforce must show that.
        case rejected

        /// The final status, or the error code of a failed order.
        var end: String { self == .rejected ? "CLIENT_CLOSED" : "Provisioned" }
    }

    struct Outcome: Sendable {
        var order: String
        var client: Int
        var calls: [OutboundCall]
        var injections: [FaultProxy.Injection]
        /// Why the driver gave up.
        var failure: String?
    }

    private static let busRefuses = PlannedFault(
        OutboundCall(
            program: "verify-signature", run: 0, service: .dynamodb, action: "TransactWriteItems", number: 1,
            position: 0), .thenRefuses(.events))

    let harness: EndToEndHarness
    private let faultProxy = FaultProxy()

    init() throws {
        harness = try EndToEndHarness(.matrix, faultProxy: faultProxy)
    }

    /// Drives a new order from the first request until it is settled. Every program starts cold.
    func run(_ scenario: Scenario, _ plan: PlannedFault? = nil) throws -> Outcome {
        harness.testbed.retireIdleProcesses()
        try harness.deleteToken()
        let (order, client) = harness.newOrder(clientStatus: scenario == .rejected ? "Closed" : "Active")
        // A customer may write the order's id into the notes of an order of his own.
        harness.testbed.whmcs.update { state in
            _ = state.addOrder(client: client, notes: "sfOrderId=\(order)")
            state.moduleErrors = scenario == .failedModule ? [185: "No server has room"] : [:]
        }
        let injector = FaultInjector(plan)
        let busFault = FaultInjector(scenario == .unannounced ? Self.busRefuses : nil)
        faultProxy.reset { injector.fault(for: $0) ?? busFault.fault(for: $0) }
        var driver = OrderDriver(harness: harness, order: order, quietSeconds: CompressedTime.matrix.quietSeconds)
        let failure = driver.drive { item in
            guard item["setupFailedAt"] != nil else { return }
            self.harness.testbed.whmcs.update { state in
                state.moduleErrors = [:]
                state.retryModuleQueue()
            }
        }
        faultProxy.waitForDelayedCalls()
        let outcome = Outcome(
            order: order, client: client, calls: faultProxy.calls, injections: faultProxy.injections, failure: failure)
        faultProxy.reset()
        return outcome
    }
}
