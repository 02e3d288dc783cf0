import Basics
import Salesforce
import WHMCS

/// What one run hears from one side. One clear answer, whatever it says, shows that the side is there; calls that fail
/// beside it are the order's matter, and must not stop other orders.
final class Contact {
    private(set) var answeredAt: Timestamp?
    private var failure: Outage?
    /// The side takes no writes. That it answers reads does not help any order.
    private var readOnly: Outage?
    /// A call of no order was made, too.
    var isChecked = false
    private let now: () -> Timestamp

    init(now: @escaping () -> Timestamp) {
        self.now = now
    }

    /// Why no call was answered; nil when one was, or there was none.
    var outage: Outage? { readOnly ?? (answeredAt == nil ? failure : nil) }

    /// Whether the calls that failed may be the order's own fault.
    var mayBeOrdersFault: Bool { !isChecked && readOnly == nil && outage?.isRefusal == false }

    /// - Parameter sentAt: of the call. Its answer may have waited for others that were sent along.
    func heard(_ failure: WHMCSFailure?, _ sentAt: Timestamp) {
        guard let failure, failure.isOutage else { return heardAnswer(sentAt) }
        self.failure = Outage(reason: failure.description, isRefusal: failure.isRefusalOfCaller, heardAt: now())
    }

    /// Of AddOrder alone. One that WHMCS has not received or carried out says nothing of it.
    func heard(addOrder failure: WHMCSFailure?, _ sentAt: Timestamp) {
        if let failure, failure.isOutage, !failure.outcomeUnknown { return }
        heard(failure, sentAt)
    }

    func heard(_ failure: SalesforceFailure?, _ sentAt: Timestamp) {
        guard let failure, failure.isOutage else { return heardAnswer(sentAt) }
        let outage = Outage(
            reason: failure.descriptionWithHint, isRefusal: failure.isRefusalOfCaller, heardAt: now())
        if failure.isReadOnly { readOnly = outage } else { self.failure = outage }
    }

    private func heardAnswer(_ sentAt: Timestamp) { answeredAt = max(answeredAt ?? sentAt, sentAt) }
}
