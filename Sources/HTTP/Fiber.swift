import CContext
import Glibc

/// A stack beside the thread's own, so that straight-line code can stop in its middle. It belongs to the thread that
/// resumes it.
///
/// Not a thread: nothing that a fiber shares needs a lock, and libcurl's handles stay with one thread.
public final class Fiber {
    private let stack: UnsafeMutableRawPointer?
    private let context = UnsafeMutablePointer<ucontext_t>.allocate(capacity: 1)
    /// Where `resume` was called.
    private let scheduler = UnsafeMutablePointer<ucontext_t>.allocate(capacity: 1)
    private var body: (() -> Void)?
    /// Whether `body` has ended.
    public private(set) var isIdle = true

    private static let stackSize = 1 << 20
    private static let guardSize = 1 << 16

    public init() {
        stack = mmap(nil, Fiber.stackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        // A stack grows down: whoever needs more is to crash, not to write into other memory.
        precondition(stack != MAP_FAILED, "no memory for a stack")
        precondition(mprotect(stack, Fiber.guardSize, PROT_NONE) == 0, "no guard for a stack")
        let this = Unmanaged.passUnretained(self).toOpaque()
        precondition(ccontext_make(context, stack, Fiber.stackSize, Fiber.enter, this) == 0, "no context for a stack")
    }

    private static let enter: @convention(c) (UnsafeMutableRawPointer?) -> Void = { fiber in
        guard let fiber else { return }
        // Retained, it would keep itself alive.
        Unmanaged<Fiber>.fromOpaque(fiber)._withUnsafeGuaranteedRef { $0.work() }
    }

    private func work() -> Never {
        while true {
            body?()
            body = nil
            isIdle = true
            suspend()
        }
    }

    /// Begins `body`; returns when it suspends or ends.
    public func run(_ body: @escaping () -> Void) {
        self.body = body
        isIdle = false
        resume()
    }

    /// Continues a suspended body; returns when it suspends again or ends.
    public func resume() {
        precondition(swapcontext(scheduler, context) == 0, "no switch to a stack")
    }

    /// Called by the body: stops it until the scheduler resumes it.
    public func suspend() {
        precondition(swapcontext(context, scheduler) == 0, "no switch from a stack")
    }

    deinit {
        // A body that never ended leaves its stack: the runtime may still know of an access in it.
        if isIdle { munmap(stack, Fiber.stackSize) }
        context.deallocate()
        scheduler.deallocate()
    }
}

/// Fibers for reuse: a stack costs a call of the system.
public final class FiberPool {
    private var idle: [Fiber] = []

    public init() {}
    public func take() -> Fiber { idle.popLast() ?? Fiber() }
    public func give(_ fiber: Fiber) { idle.append(fiber) }
}
