import Foundation

/// What several threads saw, in the order they saw it.
public final class Recorder<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var recorded: [Value] = []

    public init() {}

    /// Returns how many there are now.
    @discardableResult
    public func append(_ value: Value) -> Int {
        lock.withLock {
            recorded.append(value)
            return recorded.count
        }
    }

    public var values: [Value] { lock.withLock { recorded } }
}
