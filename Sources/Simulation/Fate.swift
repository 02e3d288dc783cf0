import Basics

/// What happens to one outbound call.
struct Fate: Equatable {
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
    /// A process stops before it sends, as if it got no processor.
    var stall = 0.0
    var lostAnswer = 0.0
    var neverArrives = 0.0
    var late = 0.0
    var nonsense = 0.0
    var throttled = 0.0
    var kill = 0.0

    static let none = FaultRates()

    /// With the highest rate of each kind.
    nonisolated(unsafe) static let kinds: [(WritableKeyPath<FaultRates, Double>, Double)] = [
        (\.slow, 0.3), (\.stall, 0.05), (\.lostAnswer, 0.15), (\.neverArrives, 0.15), (\.late, 0.1), (\.nonsense, 0.1),
        (\.throttled, 0.15), (\.kill, 0.05),
    ]

    static func drawn(_ random: inout SeededGenerator) -> FaultRates {
        var drawn = FaultRates()
        for (kind, highest) in kinds where random.chance(0.4) {
            drawn[keyPath: kind] = Double.random(in: 0...highest, using: &random)
        }
        return drawn
    }

    /// Draws how long a call takes when nothing is wrong.
    func plain(_ service: OutboundCall.Service, _ random: inout SeededGenerator) -> Fate {
        let most = random.chance(slow) ? service.slowest : service.usual
        let acts = Int.random(in: 1...most, using: &random)
        return Fate(actsAfter: acts, answersAfter: acts + Int.random(in: 1...most, using: &random))
    }

    /// Draws what is wrong with the call, if anything is.
    ///
    /// - Parameter latest: how late the service may still act.
    func faulty(_ plain: Fate, latest: Milliseconds, _ random: inout SeededGenerator) -> Fate {
        var fate = plain
        if random.chance(lostAnswer) {
            fate.outcome = random.chance(0.5) ? .broken : .silent
            // A retry may be faster than the call that it repeats.
            if random.chance(0.3) { fate.actsAfter = Int.random(in: 1...latest, using: &random) }
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
        if random.chance(kill) { fate.killsAfter = Int.random(in: 0...(fate.answersAfter + 5), using: &random) }
        return fate
    }
}
