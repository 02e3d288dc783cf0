import JSON
import Synchronization

/// The faults of a simulator's next calls, oldest first.
final class FaultQueue: Sendable {
    private struct Entry: Sendable {
        var fault: Fault
        var call: String?
        var times: Int
    }

    private let entries = Mutex<[Entry]>([])

    /// - Parameter call: only calls with this in their name; nil for any call.
    func add(_ fault: Fault, on call: String?, times: Int) {
        guard times > 0 else { return }
        entries.withLock { $0.append(Entry(fault: fault, call: call, times: times)) }
    }

    func removeAll() {
        entries.withLock { $0 = [] }
    }

    /// Carries the call out, or applies its first fault.
    func carryOut(_ call: String, act: () -> ServerReply) -> ServerReply {
        guard let fault = next(for: call) else { return act() }
        return fault.apply(to: act)
    }

    /// `POST /_simulator/faults` adds one fault, given as JSON with `on` and `times`. `DELETE` removes all.
    func control(_ request: ServerRequest) -> ServerReply {
        if request.method == "DELETE" {
            removeAll()
            return .answer(status: 204)
        }
        guard let json = JSON(request.body), let fault = Fault(json) else {
            return .answer(status: 400, body: Array("Expected {\"fault\": <name>, \"on\": …, \"times\": …}\n".utf8))
        }
        add(fault, on: json["on"]?.stringOrNumber, times: json["times"]?.integer ?? 1)
        return .answer(status: 204)
    }

    private func next(for call: String) -> Fault? {
        entries.withLock { entries in
            guard let index = entries.firstIndex(where: { $0.call.map(call.contains) ?? true }) else { return nil }
            entries[index].times -= 1
            let fault = entries[index].fault
            if entries[index].times == 0 { entries.remove(at: index) }
            return fault
        }
    }
}
