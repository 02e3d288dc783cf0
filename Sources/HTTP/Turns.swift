import Basics

/// Functions that send requests and wait, in turns: each runs until it needs a response or a pause. When all do, the
/// requests of all are sent at once.
final class Turns {
    private let transport: HTTPClient.Transport
    private let pause: (Milliseconds) -> Void
    private let now: () -> Timestamp
    private let fibers = FiberPool()
    /// Whose turn it is; nil outside of `run`.
    private var current: Turn?

    init(
        _ transport: @escaping HTTPClient.Transport, _ pause: @escaping (Milliseconds) -> Void,
        _ now: @escaping () -> Timestamp
    ) {
        self.transport = transport
        self.pause = pause
        self.now = now
    }

    func send(_ requests: [Request]) -> [Result<Response, HTTPFailure>] {
        guard let current else { return transport(requests) }
        current.requests = requests
        current.fiber.suspend()
        return current.responses
    }

    func sleep(_ wait: Milliseconds) {
        guard let current else { return pause(wait) }
        current.wakesAt = now() + wait
        current.fiber.suspend()
    }

    /// Runs both functions to their ends.
    func run(_ first: () -> Void, _ second: () -> Void) {
        // The compiler stores this place for its check of closures that escape: not the absolute path, or the same
        // sources would make another zip elsewhere.
        #sourceLocation(file:"Turns",line:40)
        withoutActuallyEscaping(first) { first in
            withoutActuallyEscaping(second) { second in run([first, second]) }
        }
        #sourceLocation()
    }

    private func run(_ bodies: [() -> Void]) {
        let turns = bodies.map { _ in Turn(fibers.take()) }
        for (turn, body) in zip(turns, bodies) { give(turn) { turn.fiber.run(body) } }
        while true {
            let running = turns.filter { !$0.fiber.isIdle }
            let senders = running.filter { $0.wakesAt == nil }
            if !senders.isEmpty {
                answer(senders)
            } else if let time = running.compactMap(\.wakesAt).min() {
                let wait = time - now()
                if wait > 0 { sleep(wait) }
                wake(running.filter { $0.wakesAt == time })
            } else {
                break
            }
        }
        for turn in turns { fibers.give(turn.fiber) }
    }

    /// Lets a turn run until it sends or waits again, or ends. A turn may have turns of its own.
    private func give(_ turn: Turn, _ resume: () -> Void) {
        let outer = current
        current = turn
        resume()
        current = outer
    }

    private func answer(_ senders: [Turn]) {
        var responses = send(senders.flatMap(\.requests))[...]
        for turn in senders {
            turn.responses = Array(responses.prefix(turn.requests.count))
            responses = responses.dropFirst(turn.requests.count)
        }
        for turn in senders { give(turn) { turn.fiber.resume() } }
    }

    private func wake(_ sleepers: [Turn]) {
        for turn in sleepers {
            turn.wakesAt = nil
            give(turn) { turn.fiber.resume() }
        }
    }
}

/// One of the functions, and what it waits for.
private final class Turn {
    let fiber: Fiber
    var requests: [Request] = []
    var responses: [Result<Response, HTTPFailure>] = []
    /// Nil when it waits for responses.
    var wakesAt: Timestamp?

    init(_ fiber: Fiber) {
        self.fiber = fiber
    }
}
