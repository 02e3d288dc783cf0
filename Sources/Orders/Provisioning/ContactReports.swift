import Basics
import JSON
import Lambda

/// What a run tells the breakers at its end.
extension ProvisioningRun {
    /// In good times nothing changes, and nothing is written.
    mutating func reportContacts() {
        guard var breakers else { return }
        for side in Side.allCases {
            do {
                if let change = try breakers.change(side, { next($0, side) }) {
                    if change.before.openedAt == nil, change.after.openedAt != nil { opened.insert(side) }
                    alert(side, change.before, change.after)
                }
            } catch {
                log.warn("the breaker was not updated", ["side": .string(side.name), "error": .string("\(error)")])
            }
        }
        self.breakers = breakers
    }

    func contact(_ side: Side) -> Contact {
        switch side {
        case .salesforce: salesforceContact
        case .whmcs: whmcsContact
        case .addOrder: addOrderContact
        }
    }

    /// The breaker after this run; nil when it stays as it is.
    private func next(_ breaker: Breaker, _ side: Side) -> Breaker? {
        let contact = contact(side)
        guard let outage = contact.outage else {
            if let time = contact.answeredAt { return breaker.answered(at: time) }
            return probes.contains(side) ? breaker.probed(until: nil) : nil
        }
        let next = breaker.failed(
            outage, isProbe: probes.contains(side), longest: side.longestBackoff, at: http.now(), random: http.random)
        // An order that makes a server fail stops no other, and ends by its attempts: before orders wait, the side must
        // leave a call of no order unanswered, too.
        guard next.openedAt != nil, next != breaker, side != .addOrder, contact.mayBeOrdersFault else { return next }
        contact.isChecked = true
        if side == .salesforce { try? salesforce.checkAnswers() } else { try? whmcs().checkAnswers() }
        return self.next(breaker, side)
    }

    private func alert(_ side: Side, _ before: Breaker, _ after: Breaker) {
        if let since = after.openedAt, before.openedAt == nil || after.isRefusal && !before.isRefusal {
            let since = before.openedAt == nil ? since : http.now()
            alerts.raise(
                after.isRefusal ? .refuses(side, since: since) : .doesNotAnswer(side, since: since), nil,
                side.unavailable)
        } else if let since = before.openedAt, after.openedAt == nil {
            alerts.raise(.answersAgain(side, since: since))
        }
    }
}
