import Basics
import Salesforce
import WHMCS

/// What one run hears from one side. One clear answer, whatever it says, shows that the side is there; calls that fail
/// beside it are the order's matter, and must not stop other orders.
final class Contact {
    private(set) var answeredAt: Timestamp?
    private var failure: Outage?
    private let now: () -> Timestamp

    init(now: @escaping () -> Timestamp) {
        self.now = now
    }

    /// Why no call was answered; nil when one was, or there was none.
    var outage: Outage? { answeredAt == nil ? failure : nil }

    func heard(_ failure: WHMCSFailure?) {
        heard(failure.flatMap { $0.isOutage ? ($0.description, $0.isRefusalOfCaller) : nil })
    }

    func heard(_ failure: SalesforceFailure?) {
        heard(failure.flatMap { $0.isOutage ? ($0.descriptionWithHint, false) : nil })
    }

    private func heard(_ outage: (reason: String, isRefusal: Bool)?) {
        if let outage {
            failure = Outage(reason: outage.reason, isRefusal: outage.isRefusal, heardAt: now())
        } else {
            answeredAt = now()
        }
    }
}
