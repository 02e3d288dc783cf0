/// Where the rows of a client or an order are: with many orders, a search through all of them takes longer than the call.
struct Positions {
    var ofOrdersByClient: [Int: [Int]] = [:]
    var ofServicesByClient: [Int: [Int]] = [:]
    var ofServicesByOrder: [Int: [Int]] = [:]
}

extension Array {
    /// Where the row with that id is. Ids ascend, unless a test has added rows of its own.
    func position(of id: Int, _ key: (Element) -> Int) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if key(self[middle]) < id { low = middle + 1 } else { high = middle }
        }
        if low < count, key(self[low]) == id { return low }
        return firstIndex { key($0) == id }
    }
}
