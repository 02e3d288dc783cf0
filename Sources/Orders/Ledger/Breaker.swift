import Basics
import JSON

/// A system that every order needs.
enum Side: CaseIterable {
    case salesforce, whmcs

    var name: String { self == .salesforce ? "Salesforce" : "WHMCS" }
}

/// Whether runs may call a side: so that one order finds an outage, and the others wait for its end without a call.
///
/// *Closed*, every run calls. *Open*, no run calls before `openUntil`; then one run at a time probes. What a run reports is
/// the outcome of all its calls to the side, see `Contact`.
struct Breaker: Equatable {
    /// Runs in a row, of any orders, that the side did not answer.
    var failures = 0
    /// Since when the breaker is open; nil while it is closed.
    var openedAt: Timestamp?
    var openUntil: Timestamp?
    /// Until when a run probes: the end of its lease.
    var probedUntil: Timestamp?
    /// Of the last failure.
    var reason: String?

    /// More than the runs that a lost connection or a restart disturbs.
    static let mostFailures = 5
    private static let backoff = Backoff(first: 30_000, longest: 300_000, jitter: .equal)

    enum Permission: Equatable {
        case call, probe
        case wait(until: Timestamp)
    }

    func permission(at now: Timestamp) -> Permission {
        guard openedAt != nil else { return .call }
        let end = max(openUntil ?? now, probedUntil ?? now)
        return end > now ? .wait(until: end) : .probe
    }

    /// A run starts to probe, and its lease ends at `until`; nil when it ends without a call.
    func probed(until: Timestamp?) -> Breaker {
        var next = self
        next.probedUntil = until
        return next
    }

    /// A run has had an answer, at `time`. A run that was slow to end says nothing of what came after.
    func answered(at time: Timestamp) -> Breaker {
        openedAt.map { time < $0 } ?? false ? self : Breaker()
    }

    /// A run has called, and the side has not answered it.
    ///
    /// - Parameters:
    ///   - isRefusal: the side refuses the suite itself. One such answer is enough.
    ///   - isProbe: only the probe moves the time of an open breaker: the other runs began before it opened.
    func failed(
        _ reason: String, isRefusal: Bool, isProbe: Bool, at now: Timestamp, random: (Milliseconds) -> Milliseconds
    ) -> Breaker {
        guard openedAt == nil || isProbe else { return self }
        var next = self
        next.reason = reason
        next.failures = isRefusal ? max(failures + 1, Breaker.mostFailures) : failures + 1
        guard next.failures >= Breaker.mostFailures else { return next }
        let wait = Breaker.backoff.wait(after: next.failures - Breaker.mostFailures + 1, random: random)
        (next.openedAt, next.openUntil, next.probedUntil) = (openedAt ?? now, now + wait, nil)
        return next
    }

    /// When an order that waits is due again: after the breaker, and the later, the longer the outage. A day's orders
    /// neither wake all at once nor ask every minute.
    func orderDueAt(after time: Timestamp, at now: Timestamp, random: (Milliseconds) -> Milliseconds) -> Timestamp {
        let outage = openedAt.map { now - $0 } ?? 0
        return time + random(min(max(outage / 4, 60_000), 1_800_000))
    }
}

extension Breaker {
    /// As the ledger's attribute holds it.
    var json: JSON {
        var members: [String: JSON] = ["failures": .number(failures)]
        members["openedAt"] = openedAt.map { .milliseconds($0) }
        members["openUntil"] = openUntil.map { .milliseconds($0) }
        members["probedUntil"] = probedUntil.map { .milliseconds($0) }
        members["reason"] = reason.map(JSON.string)
        return .object(members)
    }

    init(_ json: JSON?) {
        failures = json?["failures"]?.integer ?? 0
        openedAt = json?["openedAt"]?.timestamp
        openUntil = json?["openUntil"]?.timestamp
        probedUntil = json?["probedUntil"]?.timestamp
        reason = json?["reason"]?.string
    }
}
