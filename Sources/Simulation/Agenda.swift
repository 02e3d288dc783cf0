import Basics

/// Future actions by virtual time. Of two actions at one time, the one added first comes first.
struct Agenda {
    private struct Entry {
        var time: Timestamp
        var number: Int
        var action: () -> Void

        func isBefore(_ other: Entry) -> Bool {
            time == other.time ? number < other.number : time < other.time
        }
    }

    /// A binary heap: each entry is before its two children, at 2 × index + 1 and + 2.
    private var heap: [Entry] = []
    private var count = 0

    var nextTime: Timestamp? { heap.first?.time }

    mutating func add(at time: Timestamp, _ action: @escaping () -> Void) {
        count += 1
        heap.append(Entry(time: time, number: count, action: action))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeNext() -> (time: Timestamp, action: () -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return (first.time, first.action) }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            if least == parent { return (first.time, first.action) }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
