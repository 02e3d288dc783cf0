import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// recover-orders: sends orders that are due on the bus again. Whatever died on the way, an order that is not finished
/// has a time at which it is due, so that this finds it.
public struct Recovery: Program {
    private let settings: Settings
    private let account: Account
    private let http: HTTPClient
    private let log: Log
    private let parameters = ParameterCache()

    public init(_ settings: Settings, _ account: Account, _ http: HTTPClient, _ log: Log) {
        self.settings = settings
        self.account = account
        self.http = http
        self.log = log
    }

    /// Connections to the table and the bus, and the Salesforce token where Salesforce is asked. When there is none yet,
    /// the event has one made.
    public func warmUp(_ http: HTTPClient) throws {
        let preconnects = [
            Table(settings.ledgerTable, account, http).preconnect, EventBus(settings.busName, account, http).preconnect,
        ]
        guard let token = settings.reconciliation?.salesforce.tokenParameter else {
            return http.preconnect(preconnects)
        }
        let store = ParameterStore(account, http.preconnecting(to: preconnects))
        _ = try parameters.get([token], from: store, now: http.now())
    }

    /// Handles the schedule, which recovers what is due, or an operator's `{"orderId": …}` or `{"all": true}`, which do
    /// not ask whether it is.
    ///
    /// - Returns: `{"recovered": n}`, the number of orders sent again; with `left`, the number of those that are due and
    ///   were not come to, when there was no time for all.
    public func handle(_ invocation: Invocation) throws -> [UInt8] {
        let log = log.with(["requestId": .string(invocation.requestID)])
        let http = http.until(invocation.deadline - 1_000)
        let round = RecoveryRound(
            ledger: Ledger(Table(settings.ledgerTable, account, http), now: http.now),
            bus: EventBus(settings.busName, account, http), http: http,
            alerts: Alerts(settings: settings.alerts, account: account, http: http, log: log), log: log,
            latestStart: invocation.deadline - (invocation.deadline - http.now()) / 4)
        guard let event = JSON(invocation.payload), event.object != nil else {
            throw FunctionError("MalformedEvent", "the event is not a JSON object")
        }
        if let orderID = event["orderId"] {
            guard let id = orderID.stringOrNumber.flatMap({ RecordID($0) }) else {
                throw FunctionError("MalformedEvent", "orderId in the event must be a Salesforce id")
            }
            return JSON.object(["recovered": .number(try round.recover(id))]).bytes
        }
        reconcile(round, log)
        let (recovered, left) = try round.recoverAll(dueOnly: event["all"]?.bool != true)
        var answer: [String: JSON] = ["recovered": .number(recovered)]
        answer["left"] = left.map { JSON.number($0) }
        return JSON.object(answer).bytes
    }

    /// A Salesforce that does not answer must not keep the ledger's own orders waiting.
    private func reconcile(_ round: RecoveryRound, _ log: Log) {
        guard let settings = settings.reconciliation else { return }
        let salesforce = settings.salesforce.client(account, round.http, parameters)
        do {
            try Reconciliation(settings: settings, salesforce: salesforce, ledger: round.ledger, log: log).run()
        } catch {
            log.error("Salesforce could not be asked for missed orders: \(error)")
        }
    }
}
