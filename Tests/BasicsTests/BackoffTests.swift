import Basics
import Testing

@Suite struct BackoffTests {
    private let backoff = Backoff(first: 100, longest: 1_000, jitter: .full(shortest: 50))

    @Test(
        "The bound doubles up to the longest wait",
        arguments: [(0, 100), (1, 100), (2, 200), (3, 400), (4, 800), (5, 1_000), (64, 1_000), (Int.max, 1_000)])
    func bound(_ attempt: Int, _ bound: Milliseconds) {
        #expect(backoff.wait(after: attempt) { $0 } == bound)
    }

    @Test("The wait is random within its bound", arguments: [(0, 50), (49, 50), (51, 51), (200, 200)])
    func jitter(_ random: Milliseconds, _ wait: Milliseconds) {
        #expect(backoff.wait(after: 2) { $0 == 200 ? random : -1 } == wait)
    }

    @Test("A bound below the shortest wait wins") func lowBound() {
        #expect(Backoff(first: 0, longest: 60_000, jitter: .full(shortest: 1_000)).wait(after: 3) { $0 } == 0)
        #expect(Backoff(first: 10, longest: 60_000, jitter: .full(shortest: 1_000)).wait(after: 1) { _ in 0 } == 10)
    }

    @Test("Equal jitter waits for half of the bound at least", arguments: [(1, 250), (2, 500), (3, 1_000), (4, 1_000)])
    func equalJitter(_ attempt: Int, _ half: Milliseconds) {
        let backoff = Backoff(first: 500, longest: 2_000, jitter: .equal)
        #expect(backoff.wait(after: attempt) { _ in 0 } == half)
        #expect(backoff.wait(after: attempt) { $0 } == 2 * half)
    }

    @Test("No bound overflows") func overflow() {
        #expect(Backoff(first: 3_600_000, longest: 3_600_000).wait(after: 1_000) { $0 } == 3_600_000)
    }
}
