import Basics

/// What an episode is made of, all of it drawn from its seed.
package struct EpisodePlan {
    /// When every episode begins: 2026-11-20T10:15:30Z.
    static let start = Timestamp(milliseconds: 1_795_169_730_000)

    /// What people and services do beyond the ordinary. Those in `found` break a promise of today's code: the next issue
    /// is to mend it.
    package enum Behaviour: String, CaseIterable {
        case slowAccept, plantedOrder, refusedStatus
    }

    var seed: UInt64
    var orders: Int
    var rates: FaultRates
    /// Faults come until then; afterwards everything has to come to its end.
    var faultTime: Milliseconds
    var duplicateDeliveries: Double
    var doubleClicks: Double
    var platformEvents: Double
    var dropsNotes: Bool
    var usesMarkerField: Bool
    var reconciles: Bool
    var revokesTokens: Double
    var behaviours: Set<Behaviour>

    package init(seed: UInt64, orders: Int, behaviours: Set<Behaviour> = []) {
        var random = SeededGenerator(seed: seed)
        self.seed = seed
        self.orders = orders
        self.behaviours = behaviours
        rates = FaultRates.drawn(&random)
        faultTime = Int.random(in: 600_000...7_200_000, using: &random)
        duplicateDeliveries = random.chance(0.5) ? Double.random(in: 0...0.3, using: &random) : 0
        doubleClicks = random.chance(0.5) ? Double.random(in: 0...0.5, using: &random) : 0
        platformEvents = random.chance(0.3) ? Double.random(in: 0...1, using: &random) : 0
        dropsNotes = random.chance(0.2)
        usesMarkerField = random.chance(0.3)
        reconciles = random.chance(0.2)
        revokesTokens = random.chance(0.3) ? Double.random(in: 0...0.2, using: &random) : 0
    }
}
