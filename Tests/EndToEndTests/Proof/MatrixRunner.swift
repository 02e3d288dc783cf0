import Foundation
import Testbed

/// A stack for itself, with time compressed, in which one order after the other meets its trouble.
final class Lane: Sendable {
    /// How an order comes to be provisioned.
    enum Scenario: String, CaseIterable, Sendable {
        /// The button is clicked, and there is no Salesforce token yet.
        case click
        /// It is clicked, and the event does not reach the bus: recover-orders has to find it.
        case unannounced
        /// It is clicked for a customer who is closed: it has to end as Failed, and Salesforce has to say so.
        case rejected

        var end: String { self == .rejected ? "CLIENT_CLOSED" : "Provisioned" }
    }

    /// What is to go wrong.
    struct Plan: Sendable {
        var call: OutsideCall
        var trouble: Trouble
        /// With all later calls of that action in the same run too, or only with this one.
        var lasts = false

        /// Whether it is meant for that call, when the first that it met was of this run.
        func meets(_ other: OutsideCall, run: Int?) -> Bool {
            guard let run else { return other.name == call.name }
            return lasts && other.run == run && other.program == call.program && other.service == call.service
                && other.action == call.action
        }
    }

    /// What was done, for the verdict.
    struct Outcome: Sendable {
        var order: String
        var client: Int
        var calls: [OutsideCall]
        var incidents: [Interposer.Incident]
        /// What the driver gave up on.
        var complaint: String?
    }

    private static let unannounced = Plan(
        call: OutsideCall(
            program: "verify-signature", run: 0, service: .dynamodb, action: "TransactWriteItems", number: 1,
            position: 0), trouble: .thenRefuses(.events))

    /// Seconds that provision-order may take where nothing else is said.
    static let patience = 4

    let world: World
    let interposer: Interposer
    /// s
    let quietTime: Int

    /// - Parameter patience: seconds that provision-order may take. A lease lasts as long.
    init(patience: Int = Lane.patience) throws {
        let interposer = Interposer()
        self.interposer = interposer
        // Longer than a run may take and WHMCS be late after it, as it has to be, on a busy machine too.
        let quietTime = patience + 4
        self.quietTime = quietTime
        world = try World { configuration in
            configuration.interposer = interposer
            configuration.timeouts = [
                "verify-signature": 3, "provision-order": patience, "refresh-sf-token": 2, "recover-orders": 3,
            ]
            configuration.environment["provision-order"] = [
                "RETRY_DELAY": "0", "WHMCS_QUIET_TIME": "\(quietTime)", "MAX_ATTEMPTS": "30",
            ]
        }
    }

    /// Takes a new order from the first click until nothing moves any more. Every program starts cold.
    func run(_ scenario: Scenario, _ plan: Plan? = nil) throws -> Outcome {
        world.stack.retireIdleProcesses()
        try world.deleteToken()
        let (order, client) = world.newOrder(clientStatus: scenario == .rejected ? "Closed" : "Active")
        let troubleMaker = TroubleMaker(plan)
        let unannounced = TroubleMaker(scenario == .unannounced ? Self.unannounced : nil)
        interposer.follow { troubleMaker.trouble(for: $0) ?? unannounced.trouble(for: $0) }
        var driver = Driver(world: world, order: order, quietTime: quietTime)
        let complaint = driver.drive()
        waitForLateCalls()
        let outcome = Outcome(
            order: order, client: client, calls: interposer.calls, incidents: interposer.incidents,
            complaint: complaint)
        interposer.follow { _ in nil }
        return outcome
    }

    /// What comes late must change nothing any more.
    func waitForLateCalls() {
        while interposer.holdsCalls { usleep(50_000) }
    }
}

/// Carries out a plan once. From the threads of the stack.
private final class TroubleMaker: @unchecked Sendable {
    private let plan: Lane.Plan?
    private let lock = NSLock()
    private var run: Int?

    init(_ plan: Lane.Plan?) { self.plan = plan }

    func trouble(for call: OutsideCall) -> Trouble? {
        lock.withLock {
            guard let plan, plan.meets(call, run: run) else { return nil }
            run = call.run
            return plan.trouble
        }
    }
}
