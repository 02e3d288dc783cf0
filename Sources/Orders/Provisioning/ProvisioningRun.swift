import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce
import WHMCS

/// One run of provision-order for one order, under a lease. It resumes at the order's last checkpoint and goes as far as
/// it can.
struct ProvisioningRun {
    var lease: Lease
    let settings: ProvisioningSettings
    let salesforce: SalesforceClient
    let http: HTTPClient
    let whmcs: () throws -> WHMCSClient
    let ledger: Ledger
    let markerSupport: MarkerSupport
    let alerts: Alerts
    let log: Log
    let metrics: Metrics

    /// AddOrder and AcceptOrder do not start later: the time that they may take must fit into the invocation.
    let latestStart: Timestamp
    let salesforceContact: Contact
    let whmcsContact: Contact
    let addOrderContact: Contact
    /// Nil until they are read.
    var breakers: Breakers?
    /// The sides that this run calls for all others.
    var probes: Set<Side> = []
    /// The sides whose breakers this run has opened.
    var opened: Set<Side> = []

    var order: LedgerOrder { lease.order }

    mutating func run() throws {
        let hadEnded = order.hasEnded
        defer { if !hadEnded, order.hasEnded { metrics.add(ended: order) } }
        do {
            guard try mayCall() else { return reportContacts() }
            switch order.status {
            case .accepted, .activating:
                try checkAttempts()
                try takeSteps()
            case .provisioned, .failed: try reportFinalStatusAgain()
            }
            reportContacts()
        } catch {
            reportContacts()
            guard !order.hasEnded, let failure = ProvisioningFailure(error) else { return logAborted(error) }
            do { try settle(failure) } catch let lost as Lease.Lost { logAborted(lost) }
        }
    }

    private mutating func takeSteps() throws {
        if order.step == .failureUpdate { return try reportFailed() }
        if order.step == nil { try forgetCancelledOrder() }
        let planner = Planner(settings: settings, salesforce: salesforce, whmcs: whmcs, http: http)
        if order.plan == nil {
            let source = try step(.validation) { run in try planner.order(run.order.id, known: run.order) { throw $0 } }
            let mapping = try reportActivating { [steps] in
                try steps.run(.orderDetails) { try planner.mapping(of: source) { throw $0 } }
            }
            let plan = try step(.mapping) { _ in try mapping.plan(source.items) }
            try lease.recordPlan(plan)
        } else {
            // A ledger that was restored does not know what was sent since. Salesforce may name the order already.
            if order.marker == nil {
                try step(.validation) { run in _ = try planner.order(run.order.id, known: run.order) { throw $0 } }
            }
            if order.step == nil { try reportActivating {} }
        }
        guard let plan = order.plan else { throw ProvisioningFailure(.provisioningError, "the ledger lost the plan") }
        var created: WHMCSOrder?
        if order.step != .create, order.step != .accept {
            created = try step(.create) { run in try run.createOrder(plan) }
        }
        let wasAccepted = order.step == .accept
        if !wasAccepted { try step(.accept) { run in try run.acceptOrder(created) } }
        try step(.setup) { run in try run.checkSetup(plan, wasAccepted: wasAccepted) }
        try reportProvisioned(plan)
    }

    @discardableResult
    mutating func step<Result>(_ step: Step, _ body: (inout ProvisioningRun) throws -> Result) throws -> Result {
        try steps.run(step) { try body(&self) }
    }

    private var steps: StepLog { StepLog(log: log, metrics: metrics, now: http.now) }

    private func logAborted(_ error: any Error) {
        log.warn("run aborted", ["error": .string("\(error)")])
    }
}
