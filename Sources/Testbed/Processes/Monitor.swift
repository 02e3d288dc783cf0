import Foundation

/// State that threads share. A thread can wait until another has changed it as needed.
final class Monitor<State>: @unchecked Sendable {
    private let condition = NSCondition()
    private var state: State

    init(_ state: State) {
        self.state = state
    }

    /// Reads or changes the state, and wakes every waiting thread.
    @discardableResult
    func with<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        try condition.withLock {
            defer { condition.broadcast() }
            return try body(&state)
        }
    }

    /// Waits until `body` returns a value. Returns nil at the deadline, if there is one.
    func wait<Value>(until deadline: Date? = nil, _ body: (inout State) -> Value?) -> Value? {
        condition.withLock {
            while true {
                if let value = body(&state) {
                    condition.broadcast()
                    return value
                }
                guard let deadline else {
                    condition.wait()
                    continue
                }
                guard condition.wait(until: deadline) else { return body(&state) }
            }
        }
    }
}

/// Runs `body` on a thread of its own. Threads block here, so a pool would run out of them.
func onThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.start()
}
