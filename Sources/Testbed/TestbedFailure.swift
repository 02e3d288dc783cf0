/// Why the testbed cannot start or go on: one sentence for a person, with what to do.
public struct TestbedFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
