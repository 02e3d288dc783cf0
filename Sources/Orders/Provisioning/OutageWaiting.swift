import Basics
import JSON
import Lambda

/// Waiting for a side that does not answer: an order waits without a call, and without using up an attempt.
extension ProvisioningRun {
    /// Whether the run may call the sides that it needs. If not, the order is released.
    ///
    /// The first run after an open breaker's time probes: it goes on like any other.
    mutating func mayCall() throws -> Bool {
        var breakers = try Breakers(ledger)
        self.breakers = breakers
        let isReport = order.hasEnded || order.step == .failureUpdate
        let sides: [Side] = isReport ? [.salesforce] : Side.allCases
        let now = http.now()
        // Before any probe is claimed: it would keep others from probing.
        for side in sides {
            if case .wait(let time) = breakers[side].permission(at: now) {
                try wait(for: side, until: time, isReport)
                return false
            }
        }
        for side in sides where breakers[side].permission(at: now) == .probe {
            let claim = try breakers.change(side) { breaker in
                breaker.permission(at: now) == .probe ? breaker.probed(until: order.dueAt ?? now) : nil
            }
            self.breakers = breakers
            if claim != nil { probes.insert(side) }
            if claim == nil, case .wait(let time) = breakers[side].permission(at: now) {
                try wait(for: side, until: time, isReport)
                return false
            }
        }
        return true
    }

    private mutating func wait(for side: Side, until time: Timestamp, _ isReport: Bool) throws {
        let breaker = breakers?[side] ?? Breaker()
        let since = breaker.openedAt?.iso8601 ?? ""
        log.info("waiting for the end of an outage", ["side": .string(side.name), "since": .string(since)])
        let failure = ProvisioningFailure(
            side.unavailable,
            "\(side.name) has not answered any order since \(since); the suite continues by itself."
                + " \(breaker.reason ?? "")", isRetryable: true)
        // A failure that is being reported keeps its code.
        try lease.release(
            dueAt: breaker.orderDueAt(after: time, at: http.now(), random: http.random),
            after: isReport ? nil : failure, countsAsAttempt: false)
    }

    /// Tells the breakers what this run has heard. In good times nothing changes, and nothing is written.
    mutating func reportContacts() {
        guard var breakers else { return }
        for side in Side.allCases {
            let (contact, isProbe) = (self.contact(side), probes.contains(side))
            do {
                let change = try breakers.change(side) { breaker in
                    if let time = contact.answeredAt { return breaker.answered(at: time) }
                    guard let outage = contact.outage else { return isProbe ? breaker.probed(until: nil) : nil }
                    return breaker.failed(outage, isProbe: isProbe, at: http.now(), random: http.random)
                }
                if let change { alert(side, change.before, change.after) }
            } catch {
                log.warn("the breaker was not updated", ["side": .string(side.name), "error": .string("\(error)")])
            }
        }
        self.breakers = breakers
    }

    private func alert(_ side: Side, _ before: Breaker, _ after: Breaker) {
        switch (before.openedAt, after.openedAt) {
        case (nil, let since?):
            alerts.raise(
                "\(side.name) does not answer since \(since.iso8601); orders wait for it", nil,
                ProvisioningFailure(side.unavailable, after.reason ?? ""))
        case (let since?, nil):
            alerts.raise("\(side.name) answers again; orders continue after an outage since \(since.iso8601)")
        default: break
        }
    }

    /// Releases the order of a run that an open breaker's side did not answer.
    ///
    /// - Returns: whether it did: an order that is refused before the breaker opens fails, and a person hears why.
    mutating func waitsForOutage(after failure: ProvisioningFailure) throws -> Bool {
        let silent = Side.allCases.first { side in
            contact(side).outage != nil && breakers?[side].openedAt != nil
                && (failure.isRetryable || probes.contains(side))
        }
        guard let silent, let breaker = breakers?[silent] else { return false }
        let openUntil = breaker.waitEnd(at: http.now()) ?? http.now()
        // The order that probed probes again; the others come later.
        let dueAt =
            probes.contains(silent)
            ? openUntil : breaker.orderDueAt(after: openUntil, at: http.now(), random: http.random)
        try lease.release(
            dueAt: failure.notBefore.map { max($0, dueAt) } ?? dueAt, after: failure, countsAsAttempt: false)
        return true
    }

    private func contact(_ side: Side) -> Contact { side == .salesforce ? salesforceContact : whmcsContact }
}

extension Side {
    fileprivate var unavailable: ErrorCode { self == .salesforce ? .salesforceUnavailable : .whmcsUnavailable }
}
