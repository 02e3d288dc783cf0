import Basics

/// The parameters of an episode, all drawn from its seed.
package struct EpisodePlan {
    /// When every episode begins: 2026-11-20T10:15:30Z.
    static let start = Timestamp(milliseconds: 1_795_169_730_000)

    var seed: UInt64
    var orders: Int
    var rates: FaultRates
    /// How long faults occur; afterwards every order must end.
    var faultTime: Milliseconds
    var duplicateDeliveries: Double
    var doubleClicks: Double
    var platformEvents: Double
    var dropsNotes: Bool
    var usesMarkerField: Bool
    var reconciles: Bool
    var revokesTokens: Double

    package init(seed: UInt64, orders: Int) {
        var random = SeededGenerator(seed: seed)
        self.seed = seed
        self.orders = orders
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
