import Basics

/// Keeps parameters from one invocation to the next: the store's throughput is small, and the whole account shares it.
public final class ParameterCache {
    private var kept: [String: (value: String, readAt: Timestamp)] = [:]
    private let lifetime: Milliseconds

    /// - Parameter lifetime: how long a value is used before it is read again.
    public init(lifetime: Milliseconds = 300_000) {
        self.lifetime = lifetime
    }

    /// The values of `names`. Those that are missing here or too old are read in one call.
    ///
    /// - Parameter youngerThan: a shorter lifetime for this call; 0 reads all.
    public func get(
        _ names: [String], from store: ParameterStore, now: Timestamp, youngerThan limit: Milliseconds? = nil
    ) throws(AWSFailure) -> [String: String] {
        let missing = names.filter { name in
            kept[name].map { now - $0.readAt >= min(lifetime, limit ?? lifetime) } ?? true
        }
        if !missing.isEmpty {
            // Only an answer replaces or removes a value; a failed call leaves it.
            let values = try store.get(missing)
            for name in missing { kept[name] = values[name].map { ($0, now) } }
        }
        return kept.filter { names.contains($0.key) }.mapValues(\.value)
    }
}
