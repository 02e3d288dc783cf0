import Basics

/// ms since 1970, so that tests read `now: 1_800_000_000_000`.
extension Timestamp: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(milliseconds: value) }
}
