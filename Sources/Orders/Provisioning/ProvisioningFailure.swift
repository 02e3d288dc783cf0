import AWS
import Basics
import Salesforce
import WHMCS

/// Why an order is not provisioned, in the words of the contract: what Salesforce and the portal show.
struct ProvisioningFailure: Error, Equatable, CustomStringConvertible {
    enum Code: String {
        case orderNotFound = "ORDER_NOT_FOUND"
        case orderNotProvisionable = "ORDER_NOT_PROVISIONABLE"
        case clientNotLinked = "CLIENT_NOT_LINKED"
        case clientClosed = "CLIENT_CLOSED"
        case paymentMethodMissing = "PAYMENT_METHOD_MISSING"
        case mappingFailed = "MAPPING_FAILED"
        case whmcsRejected = "WHMCS_REJECTED"
        case whmcsUnavailable = "WHMCS_UNAVAILABLE"
        case whmcsOutcomeUnknown = "WHMCS_OUTCOME_UNKNOWN"
        case salesforceUnavailable = "SALESFORCE_UNAVAILABLE"
        case salesforceRejected = "SALESFORCE_REJECTED"
        case provisioningError = "PROVISIONING_ERROR"
    }

    var code: Code
    /// One sentence for whoever can mend it.
    var message: String
    /// Whether the same may succeed later without anybody mending anything.
    var isRetryable: Bool
    /// The earliest time at which a new try has sense, ms since 1970; nil when the backoff decides.
    var notBefore: Timestamp?

    init(_ code: Code, _ message: String, isRetryable: Bool = false, notBefore: Timestamp? = nil) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.notBefore = notBefore
    }

    /// Any error of a step; nil for those that mean that this run must not write anything more.
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

    private init(_ failure: SalesforceFailure) {
        let code: Code =
            switch failure {
            case .notFound: .orderNotFound
            case _ where failure.isRetryable: .salesforceUnavailable
            default: .salesforceRejected
            }
        self.init(code, failure.description, isRetryable: failure.isRetryable)
    }

    private init(_ failure: WHMCSFailure) {
        let code: Code =
            switch failure {
            case .clientNotFound: .clientNotLinked
            case .clientClosed: .clientClosed
            case _ where failure.isRetryable: .whmcsUnavailable
            default: .whmcsRejected
            }
        self.init(code, failure.description, isRetryable: failure.isRetryable)
    }

    /// Whether nobody learns of it by the order's status alone: the next step is not the operator's next click.
    var needsAPerson: Bool { [.whmcsOutcomeUnknown, .provisioningError].contains(code) }

    var description: String { "\(code.rawValue): \(message)" }
}
