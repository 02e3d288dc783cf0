import Dispatch
import Foundation

/// A thread that runs only while the scheduler waits for it, so that straight-line code can stop in its middle. At most one
/// thread of a world runs at any time.
final class Fiber: @unchecked Sendable {
    private let toFiber = DispatchSemaphore(value: 0)
    private let toScheduler = DispatchSemaphore(value: 0)
    private var body: (() -> Void)?
    /// Whether `body` has ended.
    private(set) var isIdle = true

    init() {
        let thread = Thread { [self] in
            while true {
                toFiber.wait()
                guard let body else { return }
                body()
                self.body = nil
                isIdle = true
                toScheduler.signal()
            }
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Begins `body`; returns when it suspends or ends.
    func run(_ body: @escaping () -> Void) {
        self.body = body
        isIdle = false
        resume()
    }

    /// Continues a suspended body; returns when it suspends again or ends.
    func resume() {
        toFiber.signal()
        toScheduler.wait()
    }

    /// Called by the body: stops it until the scheduler resumes it.
    func suspend() {
        toScheduler.signal()
        toFiber.wait()
    }

    /// Ends the thread of an idle fiber.
    func end() {
        toFiber.signal()
    }
}

/// Fibers for reuse: a thread costs more than most invocations.
final class FiberPool {
    private var idle: [Fiber] = []

    func take() -> Fiber { idle.popLast() ?? Fiber() }
    func give(_ fiber: Fiber) { idle.append(fiber) }

    deinit {
        for fiber in idle { fiber.end() }
    }
}
