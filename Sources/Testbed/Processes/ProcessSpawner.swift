import Foundation

/// The one thread that starts processes.
///
/// Linux sends a child its death signal when the *thread* that started it ends, so that thread must live as long as this
/// process.
final class ProcessSpawner: Sendable {
    static let shared = ProcessSpawner()

    private let jobs = Monitor<[@Sendable () -> Void]>([])

    private init() {
        onThread("spawner") { [jobs] in
            while let job = jobs.wait({ $0.isEmpty ? nil : $0.removeFirst() }) { job() }
        }
    }

    /// Runs `body` on that thread, and returns its result.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        let result = Monitor<Value?>(nil)
        jobs.with {
            $0.append {
                let value = body()
                result.with { $0 = value }
            }
        }
        while true {
            if let value = result.wait({ $0 }) { return value }
        }
    }
}
