/// Exponential backoff: the wait before a retry is random, up to a bound that doubles with each attempt (AWS Architecture
/// Blog, "Exponential Backoff And Jitter").
public struct Backoff: Sendable {
    public enum Jitter: Sendable {
        /// From 0 to the bound; not below `shortest`, unless the bound is.
        case full(shortest: Milliseconds)
        /// From half of the bound to the bound.
        case equal
    }

    /// The bound of the first wait.
    public var first: Milliseconds
    /// No wait is longer.
    public var longest: Milliseconds
    public var jitter: Jitter

    public init(first: Milliseconds, longest: Milliseconds, jitter: Jitter = .full(shortest: 0)) {
        self.first = first
        self.longest = longest
        self.jitter = jitter
    }

    /// The wait before the next attempt.
    ///
    /// - Parameters:
    ///   - attempt: how many attempts have failed, 1 or more.
    ///   - random: a random number from 0 to its argument.
    public func wait(after attempt: Int, random: (Milliseconds) -> Milliseconds) -> Milliseconds {
        // Doubled 20 times, every bound of ours is beyond its longest wait.
        let bound = min(longest, first << min(max(1, attempt) - 1, 20))
        return switch jitter {
        case .full(let shortest): max(min(shortest, bound), random(bound))
        case .equal: bound / 2 + random(bound / 2)
        }
    }
}
