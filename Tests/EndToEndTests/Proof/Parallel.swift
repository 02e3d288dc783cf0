import Foundation

/// Work on threads that block. The caller chooses how many, because they wait more than they compute.
enum Parallel {
    /// One thread for each input. Results are in the order of the inputs.
    static func map<Input: Sendable, Output: Sendable>(
        _ inputs: some Collection<Input>, _ body: @escaping @Sendable (Input) throws -> Output
    ) throws -> [Output] {
        let inputs = Array(inputs)
        let results = ResultSlots<Swift.Result<Output, any Error>>(inputs.count)
        let group = DispatchGroup()
        for (index, input) in inputs.enumerated() {
            group.enter()
            let thread = Thread {
                results.set(index, Swift.Result { try body(input) })
                group.leave()
            }
            thread.start()
        }
        group.wait()
        return try results.all.map { try $0.get() }
    }

    /// One thread for each worker, which takes the next task when it has finished the last. Results are in the order of
    /// the tasks.
    static func share<Task: Sendable, Worker: Sendable, Output: Sendable>(
        _ tasks: [Task], among workers: [Worker], _ body: @escaping @Sendable (Task, Worker) -> Output
    ) -> [Output] {
        let results = ResultSlots<Output>(tasks.count)
        let next = Counter()
        // `body` does not throw.
        _ = try? map(workers) { worker in
            while true {
                let index = next.take()
                guard index < tasks.count else { return }
                results.set(index, body(tasks[index], worker))
            }
        }
        return results.all
    }
}

private final class ResultSlots<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [Value?]

    init(_ count: Int) { values = Array(repeating: nil, count: count) }

    func set(_ index: Int, _ value: Value) { lock.withLock { values[index] = value } }

    var all: [Value] { lock.withLock { values.compactMap { $0 } } }
}

private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0

    /// 0, 1, 2 …
    func take() -> Int {
        lock.withLock {
            defer { value += 1 }
            return value
        }
    }
}
