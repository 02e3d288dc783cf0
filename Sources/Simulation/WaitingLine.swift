/// Elements in the order in which they came. Any may leave: those near the front, where a queue's next is, without moving
/// all behind it.
struct WaitingLine<Element> {
    private var elements: [Element?] = []
    /// The first that is still there.
    private var front = 0

    var count: Int { elements.count - front }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: Element) { elements.append(element) }

    /// - Parameter place: 0 for the first.
    mutating func remove(at place: Int) -> Element? {
        guard place < count else { return nil }
        let removed = elements[front + place]
        // Those before it move up, in their order.
        for index in stride(from: front + place, to: front, by: -1) { elements[index] = elements[index - 1] }
        elements[front] = nil
        front += 1
        // Not one by one: each removal moves the rest.
        if front > 1024, front > elements.count / 2 {
            elements.removeFirst(front)
            front = 0
        }
        return removed
    }
}
