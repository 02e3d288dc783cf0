/// The ids of a client's or an order's rows: with many orders, a search through all of them takes longer than the call.
/// A row that a test has removed meanwhile is still named.
struct RowIndex {
    var ordersOfClient: [Int: [Int]] = [:]
    var servicesOfClient: [Int: [Int]] = [:]
    var servicesOfOrder: [Int: [Int]] = [:]
}

extension Array where Element: Identifiable, Element.ID == Int {
    /// Where the row with that id is. Ids ascend, unless a test has added rows of its own.
    func position(of id: Int) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].id < id { low = middle + 1 } else { high = middle }
        }
        if low < count, self[low].id == id { return low }
        return firstIndex { $0.id == id }
    }

    /// The row with that id.
    func row(_ id: Int) -> Element? { position(of: id).map { self[$0] } }

    /// The rows with those ids that are still there.
    func rows(_ ids: [Int]?) -> [Element] { (ids ?? []).compactMap(row) }
}
