import Basics
import JSON
import Testing

@testable import Orders

/// The states of a breaker. Jitter is its upper bound.
@Suite struct BreakerTests {
    private static let start: Timestamp = 1_795_169_730_000

    private enum Event {
        case silence
        case refusal
        case silentProbe
        case lateSilence
        /// With the time since the start, in s.
        case answer(Int)
    }

    /// Applies events, one each second from 1 s on.
    private func breaker(after events: [Event]) -> Breaker {
        var breaker = Breaker()
        for (index, event) in events.enumerated() {
            let now = Self.start + (index + 1) * 1000
            func failed(isRefusal: Bool = false, isProbe: Bool = false) -> Breaker {
                breaker.failed(
                    Outage(reason: "no answer", isRefusal: isRefusal, heardAt: now), isProbe: isProbe,
                    longest: 300_000, at: now, random: { $0 })
            }
            breaker =
                switch event {
                case .silence, .lateSilence: failed()
                case .refusal: failed(isRefusal: true)
                case .silentProbe: failed(isProbe: true)
                case .answer(let time): breaker.answered(at: Self.start + time * 1000)
                }
        }
        return breaker
    }

    private struct Example: CustomTestStringConvertible {
        var testDescription: String
        var events: [Event]
        /// In s since the start: nil while closed.
        var openedAt: Int?
        var openUntil: Int?
        var failures: Int
    }

    private static let five = Array(repeating: Event.silence, count: 5)

    private static let examples = [
        Example(testDescription: "nothing", events: [], failures: 0),
        Example(testDescription: "four failures", events: Array(five.dropLast()), failures: 4),
        Example(testDescription: "five failures", events: five, openedAt: 5, openUntil: 35, failures: 5),
        Example(
            testDescription: "an answer between", events: five.dropLast() + [.answer(5), .silence], failures: 1),
        Example(testDescription: "one refusal", events: [.refusal], openedAt: 1, openUntil: 31, failures: 5),
        Example(
            testDescription: "a run that began before it opened", events: five + [.lateSilence], openedAt: 5,
            openUntil: 35, failures: 5),
        Example(
            testDescription: "one failed probe", events: five + [.silentProbe], openedAt: 5, openUntil: 66, failures: 6),
        Example(
            testDescription: "failed probes", events: five + Array(repeating: .silentProbe, count: 20), openedAt: 5,
            openUntil: 325, failures: 25),
        Example(testDescription: "an answer", events: five + [.answer(6)], failures: 0),
        Example(
            testDescription: "an answer from before", events: five + [.answer(4)], openedAt: 5, openUntil: 35,
            failures: 5),
        Example(
            testDescription: "an answer from before the last failure",
            events: [.silence, .silence, .silence, .answer(2)],
            failures: 3),
        Example(
            testDescription: "an answer from before a failed probe", events: five + [.silentProbe, .answer(5)],
            openedAt: 5, openUntil: 66, failures: 6),
    ]

    @Test("Five failures in a row or one refusal open it, for 30 s to 5 min; an answer closes it", arguments: examples)
    private func transitions(_ example: Example) {
        let breaker = breaker(after: example.events)
        func time(_ seconds: Int?) -> Timestamp? { seconds.map { Self.start + $0 * 1000 } }
        #expect(breaker.openedAt == time(example.openedAt))
        #expect(breaker.openUntil == time(example.openUntil))
        #expect(breaker.failures == example.failures)
        #expect(Breaker(breaker.json) == breaker)
    }

    @Test("An open breaker lets one probe pass after its time") func permission() {
        let now = Self.start + 6_000
        #expect(breaker(after: []).permission(at: now) == .call)
        #expect(breaker(after: Array(Self.five.dropLast())).permission(at: now) == .call)
        let open = breaker(after: Self.five)
        let openUntil = Self.start + 35_000
        #expect(open.permission(at: now) == .wait(until: openUntil))
        #expect(open.permission(at: openUntil) == .probe)
        let probed = open.probed(until: openUntil + 120_000)
        #expect(probed.permission(at: openUntil + 1) == .wait(until: openUntil + 120_000))
        #expect(probed.permission(at: openUntil + 120_000) == .probe, "the probe died")
    }

    /// Nobody could end it.
    @Test("A time that no breaker sets keeps nobody waiting") func impossibleTimes() {
        let now = Self.start + 6_000
        var open = breaker(after: Self.five)
        open.openUntil = now + 86_400_000
        #expect(open.permission(at: now) == .probe)
        #expect(open.probed(until: now + 120_000).permission(at: now) == .wait(until: now + 120_000))
        open.openUntil = now
        #expect(open.probed(until: now + 86_400_000).permission(at: now) == .probe)
        open.failedAt = now + 86_400_000
        #expect(open.answered(at: now).openedAt == nil)
        #expect(Breaker(closedAt: now + 86_400_000).answersSince(now: now) == nil)
        #expect(Breaker(closedAt: now - 1).answersSince(now: now) == now - 1)
    }

    @Test(
        "Values that no breaker has are read as others",
        arguments: [([:], 0), (["failures": -3], 0), (["failures": .number(Int.max)], 0), (["failures": "x"], 0)]
            as [(JSON, Int)])
    func impossibleValues(_ json: JSON, _ failures: Int) {
        #expect(Breaker(json).failures == failures)
    }

    @Test(
        "The longer the outage, the further apart orders are due",
        arguments: [(10, 60), (240, 60), (3600, 900), (7200, 1800), (86_400, 1800)])
    func spread(_ outage: Int, _ spread: Int) {
        let open = breaker(after: Self.five)
        let now = Self.start + 5_000 + outage * 1000
        #expect(open.orderDueAt(after: now, at: now, random: { $0 }) == now + spread * 1000)
        #expect(open.orderDueAt(after: now, at: now, random: { _ in 0 }) == now)
    }
}
