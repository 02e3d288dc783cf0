import Foundation

/// The one thread that starts processes.
///
/// Linux sends a child its death signal when the *thread* that started it ends, so that thread has to live as long
/// as the stack does.
final class Spawner: Sendable {
    static let shared = Spawner()

    private let jobs = Monitor<[@Sendable () -> Void]>([])

    private init() {
        onThread("spawner") { [jobs] in
            while let job = jobs.wait({ $0.isEmpty ? nil : $0.removeFirst() }) { job() }
        }
    }

    /// Runs `body` on that thread and waits for its answer.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        let answer = Monitor<Value?>(nil)
        jobs.with {
            $0.append {
                let value = body()
                answer.with { $0 = value }
            }
        }
        while true {
            if let value = answer.wait({ $0 }) { return value }
        }
    }
}
