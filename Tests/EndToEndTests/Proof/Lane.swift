import Foundation
import HTTP
import LocalStack

/// A stack for itself, with time compressed, in which one order after the other meets its trouble.
final class Lane: Sendable {
    /// How an order comes to be provisioned.
    enum Scenario: String, CaseIterable, Sendable {
        /// The button is clicked, and there is no Salesforce token yet.
        case click
        /// It is clicked, and the event does not reach the bus: recover-orders has to find it.
        case unannounced
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

    /// Longer than the programs may take, as it has to be: WHMCS acts late, but not later than this.
    static let quietTime = 6
    static let timeouts = ["verify-signature": 3, "provision-order": 4, "refresh-sf-token": 2, "recover-orders": 3]

    let world: World
    let interposer: Interposer

    init() throws {
        let interposer = Interposer()
        self.interposer = interposer
        world = try World { configuration in
            configuration.interposer = interposer
            configuration.timeouts = Self.timeouts
            let settings = ["RETRY_DELAY": "0", "WHMCS_QUIET_TIME": "\(Self.quietTime)", "MAX_ATTEMPTS": "30"]
            for program in ["provision-order", "recover-orders"] { configuration.environment[program] = settings }
        }
    }

    /// Takes a new order from the first click until nothing moves any more. Every program starts cold, and the first
    /// call of that name meets the trouble.
    func run(_ scenario: Scenario, _ trouble: (call: String, trouble: Trouble)? = nil) throws -> Outcome {
        world.stack.retireIdleProcesses()
        try world.deleteToken()
        let (order, client) = world.newOrder()
        let once = Once()
        interposer.follow { call in
            if let trouble, call.name == trouble.call, once.isFirst(call.name) { return trouble.trouble }
            let isAccepted = call.name == "verify-signature dynamodb TransactWriteItems #1"
            return scenario == .unannounced && isAccepted && once.isFirst(call.name) ? .thenRefuses(.events) : nil
        }
        var driver = Driver(world: world, order: order)
        let complaint = driver.drive()
        let outcome = Outcome(
            order: order, client: client, calls: interposer.calls, incidents: interposer.incidents,
            complaint: complaint)
        interposer.follow { _ in nil }
        return outcome
    }
}

/// Lets the first of each name through. From the threads of the stack.
private final class Once: @unchecked Sendable {
    private let lock = NSLock()
    private var names: Set<String> = []

    func isFirst(_ name: String) -> Bool { lock.withLock { names.insert(name).inserted } }
}
