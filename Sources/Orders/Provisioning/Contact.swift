import Basics
import Salesforce
import WHMCS

/// What one run hears from one side. One clear answer, whatever it says, shows that the side is there; calls that fail
/// beside it are the order's matter, and must not stop other orders.
final class Contact {
    struct Outage {
        var reason: String
        /// The side answers, and refuses the suite itself.
        var isRefusal: Bool
    }

    private(set) var answeredAt: Timestamp?
    private var failure: Outage?
    private let now: () -> Timestamp

    init(now: @escaping () -> Timestamp) {
        self.now = now
    }

    /// Why no call was answered; nil when one was, or there was none.
    var outage: Outage? { answeredAt == nil ? failure : nil }

    func heard(_ failure: WHMCSFailure?) {
        let isRefusal = failure?.isRefusalOfCaller ?? false
        heard(failure.flatMap { $0.isOutage ? Outage(reason: $0.description, isRefusal: isRefusal) : nil })
    }

    func heard(_ failure: SalesforceFailure?) {
        heard(failure.flatMap { $0.isOutage ? Outage(reason: $0.descriptionWithHint, isRefusal: false) : nil })
    }

    private func heard(_ outage: Outage?) {
        if let outage { failure = outage } else { answeredAt = now() }
    }
}
