import Basics
import JSON
import Lambda
import Salesforce

/// Waiting for a side that does not answer: an order waits without a call, and without using up an attempt.
extension ProvisioningRun {
    /// Whether the run may call the sides that it needs. If not, the order is released.
    ///
    /// The first run after an open breaker's time probes: it goes on like any other. AddOrder is probed where it is sent,
    /// because most runs do not come to it.
    mutating func mayCall() throws -> Bool {
        let breakers = try Breakers(ledger)
        self.breakers = breakers
        // Before any probe is claimed: it would keep others from probing.
        if let wait = breakers.wait(for: order, at: http.now()) {
            try self.wait(for: wait.side, until: wait.end)
            return false
        }
        for side in order.sides where side != .addOrder {
            if let end = try claimProbe(side) {
                try wait(for: side, until: end)
                return false
            }
        }
        return true
    }

    /// AddOrder is sent unless it hangs for every order; then one order at a time probes it.
    mutating func checkMaySendAddOrder() throws {
        if let end = try claimProbe(.addOrder) { throw waiting(for: .addOrder, until: end) }
    }

    /// Claims the probe of an open breaker whose time is over.
    ///
    /// - Returns: until when the order has to wait; nil when the run may call.
    private mutating func claimProbe(_ side: Side) throws -> Timestamp? {
        guard var breakers, breakers[side].permission(at: http.now()) != .call else { return nil }
        let now = http.now()
        let claim = try breakers.change(side) { breaker in
            breaker.permission(at: now) == .probe ? breaker.probed(until: order.dueAt ?? now) : nil
        }
        self.breakers = breakers
        if claim != nil { probes.insert(side) }
        guard claim == nil, case .wait(let end) = breakers[side].permission(at: now) else { return nil }
        return end
    }

    private mutating func wait(for side: Side, until end: Timestamp) throws {
        let failure = waiting(for: side, until: end)
        let dueAt = failure.notBefore ?? end
        // The request has failed, and only Salesforce does not know it: a new request need not wait for that.
        if order.isReport, !order.hasEnded { return try lease.endUnreported(.failed, dueAt: dueAt) }
        if side != .salesforce, order.step == nil { try reportWaiting() }
        // A failure that is being reported keeps its code.
        try lease.release(dueAt: dueAt, after: order.isReport ? nil : failure, countsAsAttempt: false)
    }

    /// Salesforce would show the status of before for as long as WHMCS does not answer.
    private mutating func reportWaiting() throws {
        guard breakers?[.salesforce].permission(at: http.now()) == .call else { return }
        do { try reportActivating(keepsStep: order.whmcsOrderID != nil) {} } catch let failure as SalesforceFailure {
            log.warn("Activating was not reported", ["error": .string(failure.descriptionWithHint)])
        }
    }

    private func waiting(for side: Side, until end: Timestamp) -> ProvisioningFailure {
        let breaker = breakers?[side] ?? Breaker()
        let since = breaker.openedAt?.iso8601 ?? ""
        log.info("waiting for the end of an outage", ["side": .string(side.name), "since": .string(since)])
        var failure = ProvisioningFailure(
            side.unavailable,
            "\(side.name) has not answered any order since \(since); the suite continues by itself."
                + " \(breaker.reason ?? "")", isRetryable: true,
            notBefore: breaker.orderDueAt(after: end, at: http.now(), random: http.random))
        failure.countsAsAttempt = false
        return failure
    }

    /// Releases the order of a run that an open breaker's side did not answer, or that an open breaker stopped.
    ///
    /// - Returns: whether it did: the order that is refused before the breaker opens fails, and a person hears why.
    mutating func waitsForOutage(after failure: ProvisioningFailure) throws -> Bool {
        guard failure.countsAsAttempt else {
            try lease.release(dueAt: failure.notBefore ?? http.now(), after: failure, countsAsAttempt: false)
            return true
        }
        // An order whose AddOrder is in doubt has its own time.
        let silent = [Side.salesforce, .whmcs].first { side in
            guard let outage = contact(side).outage, breakers?[side].openedAt != nil else { return false }
            return failure.isRetryable || probes.contains(side) || outage.isRefusal && !opened.contains(side)
        }
        guard let silent, let breaker = breakers?[silent] else { return false }
        let end = breaker.waitEnd(at: http.now()) ?? http.now()
        // The order that probed probes again; the others come later.
        let dueAt =
            probes.contains(silent) ? end : breaker.orderDueAt(after: end, at: http.now(), random: http.random)
        try lease.release(
            dueAt: failure.notBefore.map { max($0, dueAt) } ?? dueAt, after: failure, countsAsAttempt: false)
        return true
    }
}

extension Side {
    var unavailable: ErrorCode { self == .salesforce ? .salesforceUnavailable : .whmcsUnavailable }
}
