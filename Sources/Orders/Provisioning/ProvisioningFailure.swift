import AWS
import Basics
import Salesforce
import WHMCS

/// Why a run did not provision its order.
struct ProvisioningFailure: Error, Equatable, CustomStringConvertible {
    var code: ErrorCode
    /// One sentence for the person who can fix it, or several faults in one. The ledger keeps it.
    var message: String
    /// Whether a retry may succeed although nobody fixes anything.
    var isRetryable: Bool
    /// No retry before then; nil when the backoff decides.
    var notBefore: Timestamp?
    /// A retry by then at the latest; nil when the backoff decides.
    var notAfter: Timestamp?
    /// False when no call failed: an open breaker stopped the run.
    var countsAsAttempt = true
    /// A side refuses the suite itself, whatever the order.
    private var concernsAllOrders = false

    /// In UTF-16 units: room for the faults of the largest order, and a fraction of the 400 KB of an item in DynamoDB.
    static let longestMessage = 32_000

    init(
        _ code: ErrorCode, _ message: String, isRetryable: Bool = false, notBefore: Timestamp? = nil,
        notAfter: Timestamp? = nil
    ) {
        self.code = code
        self.message = message.prefix(utf16: ProvisioningFailure.longestMessage)
        self.isRetryable = isRetryable
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// Any error of a step. Nil for those after which the run must not write anything.
    init?(_ error: any Error) {
        switch error {
        case let failure as ProvisioningFailure: self = failure
        case let failure as SalesforceFailure: self.init(failure)
        case let failure as WHMCSFailure: self.init(failure)
        case is Lease.Lost, is Ledger.Unreadable: return nil
        case let failure as AWSFailure: self.init(.provisioningError, "\(failure)", isRetryable: true)
        default: self.init(.provisioningError, "\(error)")
        }
    }

    init(_ failure: SalesforceFailure) {
        let code: ErrorCode =
            switch failure {
            case .notFound: .orderNotFound
            case _ where failure.isRetryable: .salesforceUnavailable
            default: .salesforceRejected
            }
        self.init(code, failure.descriptionWithHint, isRetryable: failure.isRetryable)
        concernsAllOrders = failure.isRefusalOfCaller
    }

    init(_ failure: WHMCSFailure) {
        let code: ErrorCode =
            switch failure {
            case .clientNotFound: .clientNotLinked
            case .clientClosed: .clientClosed
            case _ where failure.isRetryable: .whmcsUnavailable
            default: .whmcsRejected
            }
        self.init(code, failure.description, isRetryable: failure.isRetryable)
        concernsAllOrders = failure.isRefusalOfCaller
    }

    /// Whether the order's status alone does not reach the person who must act.
    var needsAlert: Bool {
        concernsAllOrders || [.whmcsOutcomeUnknown, .whmcsSetupFailed, .provisioningError].contains(code)
    }

    var description: String { "\(code.rawValue): \(message)" }
}
