import Basics
import JSON

/// What every order needs to answer: a system, or the one call that must not go out in vain.
enum Side: CaseIterable {
    case salesforce, whmcs
    /// AddOrder alone: WHMCS may answer reads meanwhile. Each AddOrder without an answer leaves an order in doubt.
    case addOrder

    var name: String {
        switch self {
        case .salesforce: "Salesforce"
        case .whmcs: "WHMCS"
        case .addOrder: "WHMCS's AddOrder"
        }
    }

    /// The longest time between two probes. A silent AddOrder may cost a person's time.
    var longestBackoff: Milliseconds { self == .addOrder ? 1_800_000 : 300_000 }
}

/// What a run has from a side instead of an answer.
struct Outage: Equatable {
    var reason: String
    /// The side answers, and refuses the suite itself.
    var isRefusal = false
    var heardAt: Timestamp
}

/// Whether runs may call a side: so that one order finds an outage, and the others wait for its end without a call.
///
/// *Closed*, every run calls. *Open*, no run calls before `openUntil`; then one run at a time probes. What a run reports is
/// the outcome of all its calls to the side, see `Contact`.
struct Breaker: Equatable {
    /// Runs in a row, of any orders, that the side did not answer.
    var failures = 0
    /// When the last of them heard nothing. Runs overlap: an older answer says nothing of it.
    var failedAt: Timestamp?
    /// Since when the breaker is open; nil while it is closed.
    var openedAt: Timestamp?
    var openUntil: Timestamp?
    /// Until when a run probes: the end of its lease.
    var probedUntil: Timestamp?
    /// When the side answered again after its last outage.
    var closedAt: Timestamp?
    /// Of the last failure.
    var reason: String?
    /// Whether the side has refused the suite itself in this outage.
    var isRefusal = false

    /// More than the runs that a lost connection or a restart disturbs.
    static let mostFailures = 5
    /// The longest backoff, and the longest lease: that of Lambda's longest invocation.
    private static let longestWait: Milliseconds = 1_800_000 + 900_000

    enum Permission: Equatable {
        case call, probe
        case wait(until: Timestamp)
    }

    func permission(at now: Timestamp) -> Permission {
        guard openedAt != nil else { return .call }
        return waitEnd(at: now).map { .wait(until: $0) } ?? .probe
    }

    /// When the next run may probe; nil for now. A time that no run sets keeps nobody waiting: nobody could end that.
    func waitEnd(at now: Timestamp) -> Timestamp? {
        [openUntil, probedUntil].compactMap(\.self).filter { now < $0 && $0 <= now + Breaker.longestWait }.max()
    }

    /// A run starts to probe, and its lease ends at `until`; nil when it ends without a call.
    func probed(until: Timestamp?) -> Breaker {
        var next = self
        next.probedUntil = until
        return next
    }

    /// A run has had an answer, at `time`.
    func answered(at time: Timestamp) -> Breaker {
        // A time that no run sets keeps no breaker open.
        if let last = failedAt ?? openedAt, time < last, last <= time + Breaker.longestWait { return self }
        return Breaker(closedAt: openedAt == nil ? closedAt : time)
    }

    /// The next run may probe at once.
    func probeable(at now: Timestamp) -> Breaker {
        guard openedAt != nil else { return self }
        var next = probed(until: nil)
        next.openUntil = now
        return next
    }

    /// Since when the side answers, as a run that calls it knows; nil when it has had no outage.
    func answersSince(now: Timestamp) -> Timestamp? {
        openedAt == nil ? closedAt.flatMap { $0 <= now ? $0 : nil } : now
    }

    /// A run has called, and the side has not answered it. One refusal is enough to open the breaker.
    ///
    /// - Parameters:
    ///   - isProbe: only the probe moves the time of an open breaker: the other runs began before it opened.
    ///   - longest: the longest time until the next probe.
    func failed(
        _ outage: Outage, isProbe: Bool, longest: Milliseconds, at now: Timestamp,
        random: (Milliseconds) -> Milliseconds
    ) -> Breaker {
        guard openedAt == nil || isProbe else { return self }
        var next = self
        next.failures = max(failures + 1, outage.isRefusal ? Breaker.mostFailures : 0)
        next.failedAt = max(failedAt ?? outage.heardAt, outage.heardAt)
        next.reason = outage.reason
        next.isRefusal = isRefusal || outage.isRefusal
        guard openedAt != nil || next.failures >= Breaker.mostFailures else { return next }
        let wait = Backoff(first: 30_000, longest: longest, jitter: .equal)
            .wait(after: next.failures - Breaker.mostFailures + 1, random: random)
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
        members["failedAt"] = failedAt.map { .milliseconds($0) }
        members["openedAt"] = openedAt.map { .milliseconds($0) }
        members["openUntil"] = openUntil.map { .milliseconds($0) }
        members["probedUntil"] = probedUntil.map { .milliseconds($0) }
        members["closedAt"] = closedAt.map { .milliseconds($0) }
        members["reason"] = reason.map(JSON.string)
        if isRefusal { members["isRefusal"] = true }
        return .object(members)
    }

    init(_ json: JSON?) {
        failures = max(0, json?["failures"]?.integer ?? 0)
        failedAt = json?["failedAt"]?.timestamp
        openedAt = json?["openedAt"]?.timestamp
        openUntil = json?["openUntil"]?.timestamp
        probedUntil = json?["probedUntil"]?.timestamp
        closedAt = json?["closedAt"]?.timestamp
        reason = json?["reason"]?.string
        isRefusal = json?["isRefusal"]?.bool ?? false
    }
}
