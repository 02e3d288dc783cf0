/// Exponential backoff with full jitter: a wait has a random length up to a bound that doubles with each attempt (AWS
/// Architecture Blog, "Exponential Backoff And Jitter").
public struct Backoff: Sendable {
    /// The bound of the first wait.
    public var first: Milliseconds
    /// No wait is shorter, unless its bound is.
    public var shortest: Milliseconds
    /// No wait is longer.
    public var longest: Milliseconds

    public init(first: Milliseconds, shortest: Milliseconds = 0, longest: Milliseconds) {
        self.first = first
        self.shortest = shortest
        self.longest = longest
    }

    /// The wait before the next attempt.
    ///
    /// - Parameters:
    ///   - attempt: how many attempts have failed, 1 or more.
    ///   - jitter: a random number from 0 to its argument.
    public func wait(after attempt: Int, jitter: (Milliseconds) -> Milliseconds) -> Milliseconds {
        // Doubled 20 times, every bound of ours is beyond its longest wait.
        let bound = min(longest, first << min(max(1, attempt) - 1, 20))
        return max(min(shortest, bound), jitter(bound))
    }
}
