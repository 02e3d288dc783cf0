import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce
import WHMCS

/// One run of one order along its steps, under a lease.
struct Road {
    var lease: Lease
    let settings: ProvisioningSettings
    let salesforce: SalesforceClient
    let http: HTTPClient
    let whmcs: () throws -> WHMCSClient
    let install: Install
    let alerts: Alerts
    let log: Log

    /// ms since 1970; AddOrder is not begun later, since the time it may take must fit into the invocation.
    let latestStart: Timestamp

    var order: LedgerOrder { lease.order }
    var marker: Marker { Marker(order.id) }

    /// Takes the order as far as it goes, and writes down where that was.
    mutating func travel() throws {
        do {
            switch order.status {
            case .accepted, .activating:
                try checkTries()
                try steps()
            case .provisioned, .failed: try tellAgain()
            }
        } catch {
            guard !order.hasEnded, let failure = ProvisioningFailure(error) else { return stopped(error) }
            do { try settle(failure) } catch let lost as Lease.Lost { stopped(lost) }
        }
    }

    private func stopped(_ error: any Error) {
        log.warn("stopped: \(error)")
    }

    private mutating func steps() throws {
        if order.step == .failureUpdate { return try tellFailure() }
        if order.step == nil { try forgetCancelledOrder() }
        if order.plan == nil {
            let source = try step(.validation) { road in try road.validate() }
            try tellActivating()
            let mapping = try step(.orderDetails) { road in try road.readDetails(source) }
            let plan = try step(.mapping) { _ in try mapping.plan(source.items) }
            try lease.write(["plan": plan.json, "step": .string(Step.mapping.rawValue)])
        } else if order.step == nil {
            try tellActivating()
        }
        guard let plan = order.plan else { throw ProvisioningFailure(.provisioningError, "the plan was not kept") }
        if order.step != .create, order.step != .accept {
            try step(.create) { road in try road.create(plan) }
        }
        if order.step != .accept {
            try step(.accept) { road in try road.accept() }
        }
        try tellSuccess(plan)
    }

    /// Runs a step and logs how it went.
    @discardableResult
    mutating func step<Result>(_ step: Step, _ body: (inout Road) throws -> Result) throws -> Result {
        let start = http.now()
        func line(_ outcome: String, _ fields: [String: JSON] = [:]) {
            let common: [String: JSON] = [
                "step": .string(step.rawValue), "outcome": .string(outcome),
                "milliseconds": .number(http.now() - start),
            ]
            log.info("step", common.merging(fields) { $1 })
        }
        do {
            let result = try body(&self)
            line("done")
            return result
        } catch {
            let failure = ProvisioningFailure(error)
            line(
                failure?.isRetryable == true ? "later" : "failed",
                ["errorCode": failure.map { .string($0.code.rawValue) } ?? .null])
            throw error
        }
    }

    /// A run that dies each time never gets to count its own failure.
    private func checkTries() throws(ProvisioningFailure) {
        guard order.tries > settings.maxAttempts, order.step != .failureUpdate else { return }
        throw ProvisioningFailure(
            order.errorCode.flatMap(ProvisioningFailure.Code.init) ?? .provisioningError,
            order.errorMessage ?? "it was not finished after \(settings.maxAttempts) tries")
    }

    // MARK: How a run ends

    /// Passing failures are due again; permanent ones, and those that passed too often, end the attempt.
    private mutating func settle(_ failure: ProvisioningFailure) throws {
        log.warn("\(failure)")
        if failure.isRetryable, order.tries < settings.maxAttempts {
            let retryAt = nextTry()
            return try lease.release(
                dueAt: max(retryAt, failure.notBefore ?? retryAt),
                ["errorCode": .string(failure.code.rawValue), "errorMessage": .string(failure.message)])
        }
        // Written first: whoever resumes must not begin again with an order that was given up.
        let last = lastWord(failure)
        if last.needsAPerson || failure.isRetryable { alerts.raise("An order is not provisioned", order.id, last) }
        try lease.write([
            "errorCode": .string(last.code.rawValue), "errorMessage": .string(last.message),
            "step": .string(Step.failureUpdate.rawValue),
        ])
        try tellFailure()
    }

    /// What an attempt ends with. While AddOrder is in doubt it is that: any other code would say that it is safe to
    /// request the order again.
    private func lastWord(_ failure: ProvisioningFailure) -> ProvisioningFailure {
        guard isAddOrderInDoubt, failure.code != .whmcsOutcomeUnknown, let plan = order.plan else { return failure }
        var unknown = outcomeUnknown(plan)
        unknown.message += ". Then: \(failure)"
        return unknown
    }

    /// Exponential backoff with full jitter, an hour at the most.
    func nextTry() -> Timestamp {
        let backoff = Backoff(first: settings.retryDelay, shortest: 1_000, longest: 3_600_000)
        return http.now() + backoff.wait(after: order.tries, jitter: http.jitter)
    }
}
