import Testbed

/// What happens in a soak: for each order who clicks how often and what goes wrong when. All of it comes from the seed.
struct Schedule: Equatable, Sendable {
    struct Order: Equatable, Sendable {
        /// Which of the customers.
        var customer: Int
        /// At once, each with a key of its own.
        var clicks: Int
        /// Further deliveries of the order's event.
        var duplicates: Int
        /// By program and the number of the outside call that it makes for this order, over all runs.
        var troubles: [String: [Int: Trouble]]
        /// Salesforce forgets all its tokens before it.
        var revokesTokens: Bool
    }

    var customers: Int
    var orders: [Order]
    /// Of the programs that work for all orders, by the number of their outside call.
    var common: [String: [Int: Trouble]]

    init(seed: UInt64, orders count: Int) {
        var random = SeededGenerator(seed)
        let customers = max(3, count / 10)
        self.customers = customers
        orders = (0..<count).map { _ in
            Order(
                customer: Int.random(in: 0..<customers, using: &random),
                clicks: [1, 1, 1, 2, 3].randomElement(using: &random) ?? 1,
                duplicates: [0, 0, 0, 1, 2].randomElement(using: &random) ?? 0,
                troubles: Self.troubles(using: &random),
                revokesTokens: Int.random(in: 0..<40, using: &random) == 0)
        }
        common = ["recover-orders", "refresh-sf-token"].reduce(into: [:]) { all, program in
            for number in 1...10_000 where Int.random(in: 0..<12, using: &random) == 0 {
                all[program, default: [:]][number] = Self.trouble(using: &random)
            }
        }
    }

    var troubleCount: Int { orders.reduce(0) { $0 + $1.troubles.values.reduce(0) { $0 + $1.count } } }

    private static func troubles(using random: inout SeededGenerator) -> [String: [Int: Trouble]] {
        var troubles: [String: [Int: Trouble]] = [:]
        for _ in 0..<([0, 0, 1, 1, 1, 2, 2, 3].randomElement(using: &random) ?? 0) {
            let isEarly = Int.random(in: 0..<7, using: &random) == 0
            let number = isEarly ? Int.random(in: 1...3, using: &random) : Int.random(in: 1...30, using: &random)
            troubles[isEarly ? "verify-signature" : "provision-order", default: [:]][number] = trouble(using: &random)
        }
        return troubles
    }

    private static func trouble(using random: inout SeededGenerator) -> Trouble {
        let simple: [Trouble] = [
            .fault(.dropBeforeActing), .fault(.actThenDrop), .fault(.tooManyRequests), .fault(.maintenance),
            .fault(.answer(500, "Internal Server Error", contentType: "text/plain")), .fault(.actThenTruncate),
            .fault(.actThenEmptyBody), .fault(FaultKind.page), .withheld, .late, .killedBefore, .killedAfter,
            .killedBefore, .killedAfter, .killedLate(after: Double(Soak.patience) + 2),
        ]
        let services: [OutsideCall.Service] = [.dynamodb, .salesforce, .whmcs, .ssm]
        guard Int.random(in: 0..<8, using: &random) > 0, let one = simple.randomElement(using: &random) else {
            return .thenRefuses(services.randomElement(using: &random) ?? .dynamodb)
        }
        return one
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
