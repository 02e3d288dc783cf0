import Foundation
import JSON
import Synchronization

/// What goes wrong with one call to a simulator: whether the call is carried out, how long the answer takes,
/// and what arrives instead of it.
public struct Fault: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// The call's own answer.
        case answered
        case replaced(status: Int, contentType: String, body: String)
        /// The connection closes without a byte.
        case dropped
        /// Content-Length promises the whole answer, half of it comes.
        case truncated
    }

    /// False: the call changes nothing and is only logged.
    public var acts: Bool
    /// In ms, before acting and after it. A simulator that is stopped waits for them.
    public var delayBefore = 0
    public var delayAfter = 0
    public var outcome: Outcome

    /// Answers so, and does nothing.
    public static func answer(_ status: Int, _ body: String, contentType: String = "application/json") -> Fault {
        Fault(acts: false, outcome: .replaced(status: status, contentType: contentType, body: body))
    }

    /// Does it, and answers something else: a gateway that lost patience, a page of a PHP crash.
    public static func actThenAnswer(_ status: Int, _ body: String, contentType: String = "application/json") -> Fault {
        Fault(acts: true, outcome: .replaced(status: status, contentType: contentType, body: body))
    }

    public static let dropBeforeActing = Fault(acts: false, outcome: .dropped)
    public static let actThenDrop = Fault(acts: true, outcome: .dropped)
    public static let actThenTruncate = Fault(acts: true, outcome: .truncated)
    public static let actThenEmptyBody = actThenAnswer(200, "")
    public static let emptyBody = answer(200, "")
    public static let tooManyRequests = answer(429, "Too Many Requests", contentType: "text/plain")
    public static let maintenance = answer(
        503, "<!DOCTYPE html><html><body><h1>Down for Maintenance</h1></body></html>",
        contentType: "text/html; charset=utf-8")

    public static func actThenDelay(milliseconds: Int) -> Fault {
        Fault(acts: true, delayAfter: milliseconds, outcome: .answered)
    }

    public static func delayThenAct(milliseconds: Int) -> Fault {
        Fault(acts: true, delayBefore: milliseconds, outcome: .answered)
    }

    /// The fault that `{"fault": <name>}` asks for, with `milliseconds`, `status`, `body` and `contentType` where
    /// the name needs them. Nil for a name that is none.
    init?(_ json: JSON) {
        let milliseconds = Int(json["milliseconds"]?.integer ?? 1000)
        let status = Int(json["status"]?.integer ?? 500)
        let body = json["body"]?.stringOrNumber ?? ""
        let contentType = json["contentType"]?.stringOrNumber ?? "application/json"
        switch json["fault"]?.stringOrNumber {
        case "answer": self = .answer(status, body, contentType: contentType)
        case "actThenAnswer": self = .actThenAnswer(status, body, contentType: contentType)
        case "dropBeforeActing": self = .dropBeforeActing
        case "actThenDrop": self = .actThenDrop
        case "actThenTruncate": self = .actThenTruncate
        case "actThenEmptyBody": self = .actThenEmptyBody
        case "actThenDelay": self = .actThenDelay(milliseconds: milliseconds)
        case "delayThenAct": self = .delayThenAct(milliseconds: milliseconds)
        case "emptyBody": self = .emptyBody
        case "tooManyRequests": self = .tooManyRequests
        case "maintenance": self = .maintenance
        default: return nil
        }
    }

    private init(acts: Bool, delayBefore: Int = 0, delayAfter: Int = 0, outcome: Outcome) {
        self.acts = acts
        self.delayBefore = delayBefore
        self.delayAfter = delayAfter
        self.outcome = outcome
    }

    func apply(to act: () -> ServerReply) -> ServerReply {
        Thread.sleep(forTimeInterval: Double(delayBefore) / 1000)
        let reply = acts ? act() : .drop
        Thread.sleep(forTimeInterval: Double(delayAfter) / 1000)
        switch outcome {
        case .answered: return reply
        case .dropped: return .drop
        case .replaced(let status, let contentType, let body):
            return .answer(status: status, headers: [("Content-Type", contentType)], body: Array(body.utf8))
        case .truncated:
            guard case .answer(let status, _, let body) = reply, !body.isEmpty else { return .drop }
            return .truncated(status: status, length: body.count, body: Array(body.prefix(body.count / 2)))
        }
    }
}

/// The faults that are still to come, oldest first.
final class FaultQueue: Sendable {
    private struct Entry: Sendable {
        var fault: Fault
        var call: String?
        var times: Int
    }

    private let entries = Mutex<[Entry]>([])

    /// - Parameter call: only calls whose name contains it; nil for any call.
    func add(_ fault: Fault, on call: String?, times: Int) {
        guard times > 0 else { return }
        entries.withLock { $0.append(Entry(fault: fault, call: call, times: times)) }
    }

    func removeAll() {
        entries.withLock { $0 = [] }
    }

    /// Carries the call out, or does with it what the first fault that is meant for it says.
    func carryOut(_ call: String, act: () -> ServerReply) -> ServerReply {
        guard let fault = next(for: call) else { return act() }
        return fault.apply(to: act)
    }

    /// `POST /_simulator/faults`: one fault as JSON, with `on` and `times`; `DELETE` forgets those to come.
    func control(_ request: ServerRequest) -> ServerReply {
        if request.method == "DELETE" {
            removeAll()
            return .answer(status: 204)
        }
        guard let json = JSON(request.body), let fault = Fault(json) else {
            return .answer(status: 400, body: Array("Expected {\"fault\": <name>, \"on\": …, \"times\": …}\n".utf8))
        }
        add(fault, on: json["on"]?.stringOrNumber, times: Int(json["times"]?.integer ?? 1))
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
