import Basics
import Foundation
import JSON

/// What goes wrong with one response: whether the server still carries the call out, how long that takes, and what the
/// caller receives.
public struct Fault: Sendable, Hashable {
    enum Outcome: Sendable, Hashable {
        /// The server's own response.
        case answered
        case replaced(status: Int, contentType: String, body: String)
        /// The connection closes without a byte.
        case dropped
        /// Content-Length announces the whole response, and half of it arrives.
        case truncated
    }

    /// False: the call changes nothing. The server only notes it.
    private var acts: Bool
    /// Before and after the server carries the call out. A server that is stopped waits for them.
    private var delayBefore: Milliseconds = 0
    private var delayAfter: Milliseconds = 0
    private var outcome: Outcome

    /// Responds so, and does nothing.
    public static func answer(_ status: Int, _ body: String, contentType: String = "application/json") -> Fault {
        Fault(acts: false, outcome: .replaced(status: status, contentType: contentType, body: body))
    }

    /// Carries the call out, and responds with something else, such as the timeout of a gateway or a crash of PHP.
    public static func actThenAnswer(_ status: Int, _ body: String, contentType: String = "application/json") -> Fault {
        Fault(acts: true, outcome: .replaced(status: status, contentType: contentType, body: body))
    }

    public static let dropBeforeActing = Fault(acts: false, outcome: .dropped)
    public static let actThenDrop = Fault(acts: true, outcome: .dropped)
    public static let actThenTruncate = Fault(acts: true, outcome: .truncated)
    public static let actThenEmptyBody = actThenAnswer(200, "")
    static let emptyBody = answer(200, "")
    public static let tooManyRequests = answer(429, "Too Many Requests", contentType: "text/plain")
    public static let maintenance = answer(
        503, "<!DOCTYPE html><html><body><h1>Down for Maintenance</h1></body></html>",
        contentType: "text/html; charset=utf-8")

    static func actThenDelay(milliseconds: Milliseconds) -> Fault {
        Fault(acts: true, delayAfter: milliseconds, outcome: .answered)
    }

    public static func delayThenAct(milliseconds: Milliseconds) -> Fault {
        Fault(acts: true, delayBefore: milliseconds, outcome: .answered)
    }

    /// The fault of `{"fault": <name>}`, with `milliseconds`, `status`, `body` and `contentType` where the fault has
    /// them. Nil for an unknown name.
    init?(_ json: JSON) {
        let milliseconds = json["milliseconds"]?.integer ?? 1000
        let status = json["status"]?.integer ?? 500
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

    private init(acts: Bool, delayBefore: Milliseconds = 0, delayAfter: Milliseconds = 0, outcome: Outcome) {
        self.acts = acts
        self.delayBefore = delayBefore
        self.delayAfter = delayAfter
        self.outcome = outcome
    }

    /// Responds to a call that `act` carries out. `sleep` waits for so many seconds.
    func apply(
        to act: () -> ServerReply, sleep: (TimeInterval) -> Void = { Thread.sleep(forTimeInterval: $0) }
    ) -> ServerReply {
        sleep(Double(delayBefore) / 1000)
        let reply = acts ? act() : .drop
        sleep(Double(delayAfter) / 1000)
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
