extension Array {
    /// The elements in their order, so many at a time; the last have the rest. None for an empty array.
    public func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
