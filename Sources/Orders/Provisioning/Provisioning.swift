import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce
import WHMCS

/// provision-order: brings one order from the ledger into WHMCS and reports its status to Salesforce.
struct Provisioning: Program {
    typealias Settings = ProvisioningSettings

    static let name = "provision-order"

    let context: ProgramContext<Settings>
    private let markerCache = MarkerSupport.Cache()
    private var settings: Settings { context.settings }

    /// The parameters, and a connection to the table. None to Salesforce, whose address comes with the token. None to
    /// WHMCS: libcurl reuses a connection only after a request on it, and a request costs WHMCS a run of PHP, or looks
    /// like a robot to its firewall.
    ///
    /// A missing parameter fails the order, not the start: an init error would reach the dead-letter queue and never the
    /// order.
    func warmUp(_ http: HTTPClient) throws {
        _ = try readParameters(http.preconnecting(to: [context.table(settings.ledgerTable, http).preconnect]))
    }

    /// Provisions the orders of the order queue's messages, or of a bare event, as far as it can. The ledger holds the
    /// result; only an unreadable event or a ledger that does not answer is an error.
    ///
    /// An operator's `{"plan": "<order id>"}` only shows what that would be, and `{"doctor": true}` what would prevent it
    /// for any order.
    func handle(_ invocation: Invocation) throws -> [UInt8] {
        let event = JSON(invocation.payload)
        if let id = try PlanPreview.orderID(event) { return try preview(id, invocation) }
        if let request = try DoctorRequest(event) { return examine(request, invocation) }
        guard let queue = try QueueEvent(invocation.payload) else {
            let order = try provision(ProvisionRequested(invocation, now: context.http.now()), invocation)
            return JSON.object(["orderId": .string(order.id.text), "status": .string(order.status.rawValue)]).bytes
        }
        return QueueEvent.answer(failed: queue.messages.filter { !isDone($0, invocation) })
    }

    /// Whether the queue may delete the message. It delivers one that failed again, and after some deliveries moves it to
    /// the dead-letter queue.
    private func isDone(_ message: QueueEvent.Message, _ invocation: Invocation) -> Bool {
        if let sentAt = message.sentAt, message.receiveCount <= 1 {
            context.metrics.add(.queueWait, context.http.now() - sentAt)
        }
        var invocation = invocation
        invocation.payload = message.body
        do {
            _ = try provision(
                ProvisionRequested(invocation, now: context.http.now()), invocation, click: message.trace)
            return true
        } catch {
            // Such an event fails at each delivery. One alert is enough.
            if message.receiveCount <= 1 { alert(ofUseless: error) }
            let error = FunctionError(error)
            context.log.error(
                "message failed",
                [
                    "requestId": .string(invocation.requestID), "messageId": .string(message.id),
                    "receiveCount": .number(message.receiveCount), "errorType": .string(error.type),
                    "errorMessage": .string(error.message),
                ])
            return false
        }
    }

    /// An alert of an event that no delivery can use.
    private func alert(ofUseless error: any Error) {
        let alerts = alerts(context.http, context.log)
        switch error {
        case let error as FunctionError where error.type == "MalformedEvent":
            alerts.raise(.unreadableEvent(error.message))
        case let error as Ledger.UnknownOrder:
            alerts.raise(.unknownOrder, error.id)
        default: break
        }
    }

    private func provision(
        _ request: ProvisionRequested, _ invocation: Invocation, click: TraceHeader? = nil
    ) throws -> LedgerOrder {
        let log = context.log.with([
            "requestId": .string(invocation.requestID), "orderId": .string(request.orderID.text),
            "correlationId": .string(request.correlationID),
        ]).with(invocation.traceFields(click: click))
        if request.platformEventID != nil { context.metrics.add(.relayEvents) }
        let table = context.table(settings.ledgerTable, context.http.until(invocation.deadline - 200))
        let ledger = Ledger(table, now: context.http.now)
        // Two deliveries may have the same request id, and they must not share a lease.
        let owner = "\(invocation.requestID)/\(context.http.uniqueID())"
        switch try ledger.lease(request, owner: owner, until: invocation.deadline) {
        case .refused(let order):
            log.info("nothing to do", ["status": .string(order.status.rawValue)])
            return order
        case .taken(let lease):
            return try run(lease, ledger, invocation, log)
        }
    }

    private func alerts(_ http: HTTPClient, _ log: Log) -> Alerts {
        Alerts(
            settings: settings.alerts, account: context.account, http: http, log: log, parameters: context.parameters)
    }

    private func run(_ lease: Lease, _ ledger: Ledger, _ invocation: Invocation, _ log: Log) throws -> LedgerOrder {
        let timeLeft = invocation.deadline - context.http.now()
        // The rest is for recording how the run ended.
        let http = context.http.until(invocation.deadline - min(2_000, timeLeft / 10))
        let (salesforceContact, whmcsContact) = (Contact(now: http.now), Contact(now: http.now))
        let addOrderContact = Contact(now: http.now)
        var salesforce = settings.salesforce.client(context.account, http, context.parameters)
        salesforce.heard = salesforceContact.heard
        var run = ProvisioningRun(
            lease: lease, settings: settings, salesforce: salesforce, http: http,
            whmcs: {
                var client: WHMCSClient
                do { client = try whmcs(http) } catch {
                    // Without credentials every order waits, as in an outage.
                    let failure = WHMCSFailure(noCredentials: error)
                    whmcsContact.heard(failure, http.now())
                    throw failure
                }
                client.heard = { action, failure, sentAt in
                    whmcsContact.heard(failure, sentAt)
                    if action == "AddOrder" { addOrderContact.heard(addOrder: failure, sentAt) }
                }
                return client
            },
            ledger: ledger,
            markerSupport: try MarkerSupport(whmcsURL: settings.whmcsURL, ledger: ledger, cache: markerCache),
            alerts: alerts(http, log), log: log, metrics: context.metrics,
            latestStart: invocation.deadline - min(WHMCSClient.writeTimeout + 2_000, timeLeft * 3 / 5),
            salesforceContact: salesforceContact, whmcsContact: whmcsContact, addOrderContact: addOrderContact)
        try run.run()
        return run.order
    }

    private func preview(_ id: RecordID, _ invocation: Invocation) throws -> [UInt8] {
        let http = context.http.until(invocation.deadline - 2_000)
        let planner = Planner(
            settings: settings, salesforce: settings.salesforce.client(context.account, http, context.parameters),
            whmcs: { try whmcs(http) }, http: http)
        let ledger = Ledger(context.table(settings.ledgerTable, http), now: http.now)
        return try PlanPreview(ledger: ledger, planner: planner).answer(id).bytes
    }

    /// The schedule's look at the catalogue has no reader but the alert.
    private func examine(_ request: DoctorRequest, _ invocation: Invocation) -> [UInt8] {
        var http = context.http.until(invocation.deadline - 2_000)
        // Once more, for a connection that has died; a system that stays silent is a finding.
        http.retries = 1
        let checks = ProvisioningDoctor(context: context, http: http).checks(request)
        let answer = Check.answer(checks)
        if case .catalogue = request, let alert = ProvisioningDoctor.alert(checks) {
            let log = context.log.with(["requestId": .string(invocation.requestID)])
            log.warn("catalogue checked", ["answer": JSON(answer) ?? .null])
            alerts(context.http.until(invocation.deadline - 200), log).raise(alert)
        }
        return answer
    }

    private func whmcs(_ http: HTTPClient) throws -> WHMCSClient {
        WHMCSClient(http: http, url: settings.whmcsURL, credentials: try credentials(http)) {
            try? credentials(http, youngerThan: 0)
        }
    }

    /// What is malformed may just have been repaired.
    private func credentials(_ http: HTTPClient) throws -> Credentials {
        do { return try credentials(http, youngerThan: nil) } catch is WHMCSFailure {
            return try credentials(http, youngerThan: 0)
        }
    }

    private func credentials(_ http: HTTPClient, youngerThan limit: Milliseconds?) throws -> Credentials {
        guard let value = try readParameters(http, youngerThan: limit)[settings.credentialsParameter] else {
            throw WHMCSFailure.noCredentials("WHMCS_CREDENTIALS_PARAMETER names a parameter that does not exist")
        }
        return try Credentials(parameterValue: value)
    }

    /// WHMCS's and Salesforce's, in one call. Not the secret of the alerts, whose fault must stop no order.
    private func readParameters(_ http: HTTPClient, youngerThan limit: Milliseconds? = nil) throws -> [String: String] {
        try context.parameters.get(
            [settings.credentialsParameter, settings.salesforce.tokenParameter], from: context.parameterStore(http),
            now: http.now(), youngerThan: limit)
    }
}

extension WHMCSFailure {
    /// Parameter Store's failures are outages of WHMCS: it cannot be called.
    fileprivate init(noCredentials error: any Error) {
        self =
            error as? WHMCSFailure
            ?? .notReachable(
                action: "at all", reason: "its credentials cannot be read: \(error)", mayHaveHappened: false)
    }
}
