/// Keys in the order of a number, and of equal numbers in the order of the keys.
///
/// Sorted blocks: one sorted array would move a million elements for each change.
struct KeysByTime {
    struct Entry: Comparable {
        var time: Int
        var key: String

        static func < (one: Entry, other: Entry) -> Bool {
            one.time != other.time ? one.time < other.time : one.key < other.key
        }
    }

    /// Each is sorted and has an element.
    private var blocks: [[Entry]] = []

    private static let largestBlock = 256

    private(set) var count = 0

    var first: Entry? { blocks.first?.first }

    mutating func insert(_ entry: Entry) {
        count += 1
        guard !blocks.isEmpty else {
            blocks = [[entry]]
            return
        }
        let block = block(of: entry)
        let place = blocks[block].partition { $0 < entry }
        blocks[block].insert(entry, at: place)
        guard blocks[block].count > KeysByTime.largestBlock else { return }
        let half = blocks[block].count / 2
        blocks.insert(Array(blocks[block][half...]), at: block + 1)
        blocks[block].removeLast(blocks[block].count - half)
    }

    mutating func remove(_ entry: Entry) {
        guard !blocks.isEmpty else { return }
        let block = block(of: entry)
        let place = blocks[block].partition { $0 < entry }
        guard place < blocks[block].count, blocks[block][place] == entry else { return }
        count -= 1
        blocks[block].remove(at: place)
        if blocks[block].isEmpty { blocks.remove(at: block) }
    }

    /// The entries behind `start`, up to the time `last`; nil stands for no bound.
    func entries(after start: Entry?, through last: Int?, limit: Int) -> [Entry] {
        var found: [Entry] = []
        let first = start.map(block(of:)) ?? 0
        var place = start.map { start in blocks.isEmpty ? 0 : blocks[first].partition { $0 <= start } } ?? 0
        for block in blocks.dropFirst(first) {
            for entry in block[place...] {
                guard found.count < limit, last.map({ entry.time <= $0 }) ?? true else { return found }
                found.append(entry)
            }
            place = 0
        }
        return found
    }

    /// The last block that begins at or before the entry; the first when none does.
    private func block(of entry: Entry) -> Int {
        max(0, blocks.partition { $0[0] <= entry } - 1)
    }
}

extension Array {
    /// How many elements at the start are before a point; all that are come first.
    fileprivate func partition(isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
