import Basics

/// Keeps parameters from one invocation to the next: the store's throughput is small, and the whole account shares it.
///
/// While the store does not answer, the values that this process read last are used, up to 15 minutes after they were
/// read: an order is not refused for a secret that has hardly ever changed.
public final class ParameterCache {
    private var kept: [String: (value: String, readAt: Timestamp)] = [:]
    private var failedAt: Timestamp?
    private let lifetime: Milliseconds
    private let onOutage: (AWSFailure) -> Void

    /// How long after it was read a value is used at most.
    private static let longestUse: Milliseconds = 900_000
    /// How long after a failure the store is left alone: each attempt may cost an invocation 5 s.
    private static let pause: Milliseconds = 30_000

    /// - Parameters:
    ///   - lifetime: how long a value is used before it is read again.
    ///   - onOutage: called when older values are used because the store failed, once in the pause after that.
    public init(lifetime: Milliseconds = 300_000, onOutage: @escaping (AWSFailure) -> Void = { _ in }) {
        self.lifetime = lifetime
        self.onOutage = onOutage
    }

    /// The values of `names`. Those that are missing here or too old are read in one call.
    ///
    /// - Parameter youngerThan: a shorter lifetime for this call; 0 reads all. Somebody has refused the kept value, so an
    ///   outage is a failure.
    public func get(
        _ names: [String], from store: ParameterStore, now: Timestamp, youngerThan limit: Milliseconds? = nil
    ) throws(AWSFailure) -> [String: String] {
        let missing = names.filter { name in
            kept[name].map { now - $0.readAt >= min(lifetime, limit ?? lifetime) } ?? true
        }
        let canWait =
            limit == nil && missing.allSatisfy { name in kept[name].map { now - $0.readAt < Self.longestUse } ?? false }
        let isPausing = failedAt.map { now - $0 < Self.pause } ?? false
        if !missing.isEmpty, !(canWait && isPausing) {
            // Only an answer replaces or removes a value; a failed call leaves it.
            do throws(AWSFailure) {
                let values = try store.get(missing)
                failedAt = nil
                for name in missing { kept[name] = values[name].map { ($0, now) } }
            } catch {
                guard canWait, error.isOutage else { throw error }
                failedAt = now
                onOutage(error)
            }
        }
        var values: [String: String] = [:]
        for name in names { values[name] = kept[name]?.value }
        return values
    }
}
