import Foundation

/// Values from several threads, in their order of arrival.
public final class Recorder<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var recorded: [Value] = []

    public init() {}

    /// Returns the number of values.
    @discardableResult
    public func append(_ value: Value) -> Int {
        lock.withLock {
            recorded.append(value)
            return recorded.count
        }
    }

    public var values: [Value] { lock.withLock { recorded } }
}
