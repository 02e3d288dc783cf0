import Basics

/// Keeps parameters from one invocation to the next: the store's throughput is small, and the whole account shares it.
///
/// While the store does not answer, the values that this process read last are used for a time: an order is not refused
/// for a secret that has hardly ever changed.
public final class ParameterCache {
    private var kept: [String: (value: String, readAt: Timestamp)] = [:]
    private var outage: (failure: AWSFailure, at: Timestamp)?
    private let lifetime: Milliseconds
    private let onOutage: (AWSFailure) -> Void

    /// How long after a failure the store is left alone: each attempt may cost an invocation 5 s.
    private static let pause: Milliseconds = 30_000

    /// - Parameters:
    ///   - lifetime: how long a value is used before it is read again.
    ///   - onOutage: called when older values are used because the store failed, once in the pause after that.
    public init(lifetime: Milliseconds = 300_000, onOutage: @escaping (AWSFailure) -> Void = { _ in }) {
        self.lifetime = lifetime
        self.onOutage = onOutage
    }

    /// The value that was read last, however old; nil when there was none. Reads nothing.
    public func kept(_ name: String) -> String? { kept[name]?.value }

    /// The values of `names`. Those that are missing here or too old are read in one call.
    ///
    /// - Parameters:
    ///   - youngerThan: a shorter lifetime for this call; 0 reads all. Somebody has refused the kept value, so an outage is a
    ///     failure. A store that failed is not asked again before that time either.
    ///   - longestUse: how long after it was read a value is used at most.
    public func get(
        _ names: [String], from store: ParameterStore, now: Timestamp, youngerThan limit: Milliseconds? = nil,
        longestUse: Milliseconds = 900_000
    ) throws(AWSFailure) -> [String: String] {
        let missing = names.filter { name in
            kept[name].map { now - $0.readAt >= min(lifetime, limit ?? lifetime) } ?? true
        }
        let canWait =
            limit == nil && missing.allSatisfy { name in kept[name].map { now - $0.readAt < longestUse } ?? false }
        let pause = canWait ? Self.pause : limit ?? 0
        if !missing.isEmpty, let outage, now - outage.at < pause {
            guard canWait else { throw outage.failure }
        } else if !missing.isEmpty {
            // Only an answer replaces or removes a value; a failed call leaves it.
            do throws(AWSFailure) {
                let values = try store.get(missing)
                outage = nil
                for name in missing { kept[name] = values[name].map { ($0, now) } }
            } catch {
                guard error.isOutage else { throw error }
                outage = (error, now)
                guard canWait else { throw error }
                onOutage(error)
            }
        }
        var values: [String: String] = [:]
        for name in names { values[name] = kept[name]?.value }
        return values
    }
}
