import Basics
import Lambda

/// Every metric of the suite. deploy/OBJECTIVES.md says what each means, and a test holds that list against what the programs
/// write.
extension Metric {
    // Every program
    static let initTime = Metric("InitTime", .milliseconds, by: ["Program"])

    // verify-signature
    static let requests = Metric("Requests", .count, by: [], ["Outcome"])
    static let refusals = Metric("Refusals", .count, by: ["Code"])
    static let requestTime = Metric("RequestTime", .milliseconds)
    static let signatureTime = Metric("SignatureTime", .milliseconds)
    static let ledgerWriteTime = Metric("LedgerWriteTime", .milliseconds)

    // provision-order
    static let queueWait = Metric("QueueWait", .milliseconds)
    static let relayEvents = Metric("RelayEvents", .count)
    static let stepTime = Metric("StepTime", .milliseconds, by: ["Step"])
    static let provisioned = Metric("Provisioned", .count)
    static let timeToProvisioned = Metric("TimeToProvisioned", .milliseconds)
    static let failed = Metric("Failed", .count, by: [], ["Code"])
    static let rescues = Metric("Rescues", .count, by: ["Outcome"])
    static let setupFailures = Metric("SetupFailures", .count)
    static let orderValue = Metric("OrderValue", .none, by: ["Currency"])

    // Every program that calls Salesforce or WHMCS
    static let callTime = Metric("CallTime", .milliseconds, by: ["Service", "Action", "Outcome"])
    static let salesforceQuotaUsed = Metric("SalesforceQuotaUsed", .percent)

    // recover-orders
    static let recoveredOrders = Metric("RecoveredOrders", .count)
    static let recoveryLag = Metric("RecoveryLag", .milliseconds)
    static let oldestDueAge = Metric("OldestDueAge", .milliseconds)
    static let tokenAge = Metric("TokenAge", .seconds)
}

extension Metrics {
    /// verify-signature accepts a request. A refusal is an error, which `add(refusal:)` counts.
    func add(answer outcome: AcceptanceOutcome) {
        switch outcome {
        case .accepted: add(.requests, 1, ["Outcome": "Accepted"])
        case .duplicate: add(.requests, 1, ["Outcome": "Duplicate"])
        case .replayed: add(.requests, 1, ["Outcome": "Replayed"])
        case .nonceReused, .idempotencyKeyReused: break
        }
    }

    /// verify-signature has refused a request, or could not record it.
    func add(refusal problem: ProblemDetails) {
        let isUnavailable = problem.status >= 500
        add(.requests, 1, ["Outcome": isUnavailable ? "Unavailable" : "Refused"])
        if !isUnavailable { add(.refusals, 1, ["Code": problem.code]) }
    }

    /// A run has given its order the final status.
    func add(ended order: LedgerOrder) {
        let isProvisioned = order.status == .provisioned
        if isProvisioned {
            add(.provisioned)
            if let endedAt = order.endedAt { add(.timeToProvisioned, endedAt - order.requestedAt) }
        } else {
            // Of a version whose codes this one does not know.
            let code = order.errorCode.flatMap(ErrorCode.init) ?? .provisioningError
            add(.failed, 1, ["Code": code.rawValue])
        }
        if order.attempts > 1 { add(.rescues, 1, ["Outcome": isProvisioned ? "Provisioned" : "Failed"]) }
    }

    /// What an order of WHMCS costs. An install may write its amounts and currencies as it likes.
    func add(value amount: String, currency: String?) {
        guard let amount = Mapping.decimal(amount) else { return }
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        let isCode = currency?.utf8.count == 3 && currency?.utf8.allSatisfy(letters.contains) == true
        add(.orderValue, amount, ["Currency": isCode ? currency ?? "" : "other"])
    }
}
