import Basics
/// Parameters kept from one invocation to the next: the store's throughput is small, and shared by the whole account.
public final class ParameterCache {
    private var kept: [String: (value: String, readAt: Timestamp)] = [:]
    private let lifetime: Milliseconds

    /// - Parameter lifetime: how long a value is used before it is read again, in ms.
    public init(lifetime: Milliseconds = 300_000) {
        self.lifetime = lifetime
    }

    /// The values of `names`, those that are not kept, or are too old, read in one call.
    ///
    /// - Parameters:
    ///   - now: ms since 1970.
    ///   - youngerThan: a shorter lifetime for this time, in ms; 0 reads afresh.
    public func get(
        _ names: [String], from store: ParameterStore, now: Timestamp, youngerThan limit: Milliseconds? = nil
    ) throws(AWSFailure) -> [String: String] {
        let missing = names.filter { name in
            kept[name].map { now - $0.readAt >= min(lifetime, limit ?? lifetime) } ?? true
        }
        if !missing.isEmpty {
            // What is kept is forgotten only for what is known now: a store that does not answer tells nothing.
            let values = try store.get(missing)
            for name in missing { kept[name] = values[name].map { ($0, now) } }
        }
        return kept.filter { names.contains($0.key) }.mapValues(\.value)
    }
}
