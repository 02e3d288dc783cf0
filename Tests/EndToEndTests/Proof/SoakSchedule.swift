import Testbed

/// What happens in a soak: the requests, duplicate deliveries and faults of each order. The seed decides all of it.
struct SoakSchedule: Equatable, Sendable {
    /// Faults by program, and by the number of the outbound call that they hit.
    typealias Faults = [String: [Int: InjectedFault]]

    struct Order: Equatable, Sendable {
        /// The index of its customer.
        var customer: Int
        /// Requests at the same time, each with a key of its own.
        var requests: Int
        /// Further deliveries of the order's event.
        var duplicates: Int
        /// Calls are numbered per program, over all runs for this order.
        var faults: Faults
        /// Whether Salesforce revokes all tokens before the order.
        var revokesTokens: Bool
    }

    var customers: Int
    var orders: [Order]
    /// The faults of the programs that work for all orders. Calls are numbered per program.
    var sharedFaults: Faults

    init(seed: UInt64, orders count: Int) {
        var random = SeededGenerator(seed)
        let customers = max(3, count / 10)
        self.customers = customers
        orders = (0..<count).map { _ in
            Order(
                customer: Int.random(in: 0..<customers, using: &random),
                requests: [1, 1, 1, 2, 3].randomElement(using: &random) ?? 1,
                duplicates: [0, 0, 0, 1, 2].randomElement(using: &random) ?? 0,
                faults: Self.faults(using: &random),
                revokesTokens: Int.random(in: 0..<40, using: &random) == 0)
        }
        sharedFaults = ["recover-orders", "refresh-sf-token"].reduce(into: [:]) { all, program in
            for number in 1...10_000 where Int.random(in: 0..<12, using: &random) == 0 {
                all[program, default: [:]][number] = Self.fault(using: &random)
            }
        }
    }

    /// How many faults are scheduled for the orders.
    var faultCount: Int { orders.reduce(0) { $0 + $1.faults.values.reduce(0) { $0 + $1.count } } }

    private static func faults(using random: inout SeededGenerator) -> Faults {
        var faults: Faults = [:]
        for _ in 0..<([0, 0, 1, 1, 1, 2, 2, 3].randomElement(using: &random) ?? 0) {
            let isEarly = Int.random(in: 0..<7, using: &random) == 0
            let number = isEarly ? Int.random(in: 1...3, using: &random) : Int.random(in: 1...30, using: &random)
            faults[isEarly ? "verify-signature" : "provision-order", default: [:]][number] = fault(using: &random)
        }
        return faults
    }

    private static func fault(using random: inout SeededGenerator) -> InjectedFault {
        let faults: [InjectedFault] = [
            .response(.dropBeforeActing), .response(.actThenDrop), .response(.tooManyRequests), .response(.maintenance),
            .response(.serverError), .response(.actThenTruncate),
            .response(.actThenEmptyBody), .response(.okPage), .withheld, .late(by: MatrixFault.lateness),
            .killedBefore, .killedAfter, .killedBefore, .killedAfter, .killedLate(by: CompressedTime.soak.killDelay),
        ]
        let services: [OutboundCall.Service] = [.dynamodb, .salesforce, .whmcs, .ssm]
        guard Int.random(in: 0..<8, using: &random) > 0, let fault = faults.randomElement(using: &random) else {
            return .thenRefuses(services.randomElement(using: &random) ?? .dynamodb)
        }
        return fault
    }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
