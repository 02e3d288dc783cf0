import Basics

/// What happens to one outbound call.
struct Fate {
    enum Outcome: Equatable {
        /// The service's own answer.
        case answered
        /// The service throttles the call, in its own words, and does nothing.
        case throttled
        /// A gateway answers, which says nothing about the service.
        case nonsense(status: Int)
        /// The connection breaks before the answer.
        case broken
        /// No connection.
        case notConnected
        /// No answer: the caller waits until its timeout.
        case silent
    }

    var outcome: Outcome = .answered
    /// From the call until the service carries it out; nil: never.
    var actsAfter: Milliseconds?
    /// From the call until its answer.
    var answersAfter: Milliseconds
    /// From the call until the caller's process dies; nil: it lives.
    var killsAfter: Milliseconds?
}

/// How often each kind of fault occurs. Every episode draws its own rates, so that some have many of one kind and none of
/// another ("swarm testing").
struct FaultRates: Equatable {
    var slow = 0.0
    var lostAnswer = 0.0
    var neverArrives = 0.0
    var late = 0.0
    var nonsense = 0.0
    var throttled = 0.0
    var kill = 0.0

    static let none = FaultRates()
    var isNone: Bool { self == .none }

    static func drawn(_ random: inout SeededGenerator) -> FaultRates {
        func rate(_ most: Double) -> Double { random.chance(0.4) ? Double.random(in: 0...most, using: &random) : 0 }
        return FaultRates(
            slow: rate(0.3), lostAnswer: rate(0.15), neverArrives: rate(0.15), late: rate(0.1), nonsense: rate(0.1),
            throttled: rate(0.15), kill: rate(0.05))
    }

    /// Draws the fate of a call.
    ///
    /// - Parameter latest: how late the service may still act.
    func fate(_ service: OutboundCall.Service, latest: Milliseconds, _ random: inout SeededGenerator) -> Fate {
        let most = random.chance(slow) ? service.slowest : service.usual
        let acts = Int.random(in: 1...most, using: &random)
        let answers = acts + Int.random(in: 1...most, using: &random)
        var fate = Fate(actsAfter: acts, answersAfter: answers)
        if random.chance(lostAnswer) {
            fate.outcome = random.chance(0.5) ? .broken : .silent
        } else if random.chance(neverArrives) {
            fate.outcome = random.chance(0.5) ? .notConnected : .silent
            fate.actsAfter = nil
        } else if random.chance(late) {
            fate.outcome = .silent
            fate.actsAfter = Int.random(in: 1...latest, using: &random)
        } else if random.chance(nonsense) {
            fate.outcome = .nonsense(status: [200, 500, 502, 503][Int.random(in: 0..<4, using: &random)])
            if random.chance(0.5) { fate.actsAfter = nil }
        } else if random.chance(throttled) {
            fate.outcome = .throttled
            fate.actsAfter = nil
        }
        if random.chance(kill) { fate.killsAfter = Int.random(in: 0...(answers + 5), using: &random) }
        return fate
    }
}
