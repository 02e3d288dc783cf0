extension Array {
    /// The elements in their order, in chunks of `size`; the last may be shorter. None for an empty array.
    public func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
