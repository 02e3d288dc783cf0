/// The steps that end a testbed. They run last first, and once.
final class Teardown: Sendable {
    private let steps = Monitor<[@Sendable () -> Void]>([])

    func add(_ step: @escaping @Sendable () -> Void) {
        steps.with { $0.append(step) }
    }

    func run() {
        while let step = steps.with({ $0.popLast() }) { step() }
    }
}
