import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// recover-orders: publishes the events of due orders again. Whatever died before, an order that has not ended has a due
/// time, and this program finds it.
struct Recovery: Program {
    /// Of the schedule.
    private static let interval: Milliseconds = 60_000
    /// Of a run of provision-order whose WHMCS takes 0.3 s a call.
    private static let runTime: Milliseconds = 2_000
    /// The same, for a message that waits: it waits because runs take longer, or because many orders are new.
    private static let runTimeOfWaiting: Milliseconds = 5_000

    static let name = "recover-orders"

    let context: ProgramContext<Settings>
    private let cursor = Reconciliation.Cursor()
    private var settings: Settings { context.settings }

    /// Connections to the table, the bus and the queue, and the Salesforce token when reconciliation is on. The event
    /// refreshes a token that is missing.
    func warmUp(_ http: HTTPClient) throws {
        let preconnects = [
            context.table(settings.ledgerTable, http).preconnect, context.bus(settings.busName, http).preconnect,
            context.queue(settings.queueURL, http).preconnect,
        ]
        guard let token = settings.reconciliation?.salesforce.tokenParameter else {
            return http.preconnect(preconnects)
        }
        let store = context.parameterStore(http.preconnecting(to: preconnects))
        _ = try context.parameters.get([token], from: store, now: http.now())
    }

    /// Handles the schedule, which recovers due orders, and an operator's `{"orderId": …}` or `{"all": true}`, which
    /// recover orders whether or not they are due. With all of them an order may also probe a side that does not answer.
    ///
    /// A round over due orders ends with the reconciliation: a Salesforce that does not answer must not delay the ledger's
    /// own orders.
    ///
    /// - Returns: `{"recovered": n}`, and with it `left` when the round ended early: how many due orders remain.
    func handle(_ invocation: Invocation) throws -> [UInt8] {
        let log = context.log.with(["requestId": .string(invocation.requestID)])
        let http = context.http.until(invocation.deadline - 1_000)
        let round = RecoveryRound(
            ledger: Ledger(context.table(settings.ledgerTable, http), now: http.now),
            bus: context.bus(settings.busName, http), http: http,
            alerts: Alerts(
                settings: settings.alerts, account: context.account, http: http, log: log,
                parameters: context.parameters), log: log,
            metrics: context.metrics,
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
        let isAll = event["all"]?.bool == true
        if isAll { try letProbe(round.ledger) }
        let (recovered, left) = try round.recoverAll(mostDue: isAll ? nil : mostDue(log))
        measureTokenAge(round.ledger)
        reconcile(until: min(invocation.deadline - 1_000, http.now() + Reconciliation.longest), log)
        var answer: [String: JSON] = ["recovered": .number(recovered)]
        if let left { answer["left"] = .number(left) }
        return JSON.object(answer).bytes
    }

    /// What the queue's consumers finish until the next round, beyond the orders that wait in the queue: these would only be
    /// in it twice. A twentieth at least, or a queue that is never empty would keep every failed order from its retry.
    private func mostDue(_ log: Log) -> Int {
        let time = settings.concurrency * Self.interval
        let most = time / Self.runTime
        do {
            let http = context.http.until(context.http.now() + 3_000)
            let waiting = try context.queue(settings.queueURL, http).waitingMessages()
            // More messages than they take in an hour count as that: nobody's number may overflow.
            return max(most / 20, (time - min(max(0, waiting), 60 * most) * Self.runTimeOfWaiting) / Self.runTime)
        } catch {
            log.warn("the order queue does not say how many orders wait", ["error": .string("\(error)")])
            return most
        }
    }

    /// An operator who recovers all orders ends the wait of open breakers: the next run probes.
    private func letProbe(_ ledger: Ledger) throws {
        var breakers = try Breakers(ledger)
        for side in Side.allCases { _ = try breakers.change(side) { $0.probeable(at: ledger.now()) } }
    }

    /// refresh-sf-token itself could not report that it does not run.
    private func measureTokenAge(_ ledger: Ledger) {
        guard let token = try? ledger.table.get(ItemKey.token), let storedAt = token[.updatedAt]?.timestamp else {
            return
        }
        context.metrics.add(.tokenAge, (ledger.now() - storedAt) / 1000)
    }

    private func reconcile(until deadline: Timestamp, _ log: Log) {
        guard let reconciliation = settings.reconciliation else { return }
        let http = context.http.until(deadline)
        do {
            try Reconciliation(
                settings: reconciliation,
                salesforce: reconciliation.salesforce.client(context.account, http, context.parameters),
                ledger: Ledger(context.table(settings.ledgerTable, http), now: http.now), cursor: cursor, log: log,
                deadline: deadline
            ).run()
        } catch {
            let reason = (error as? SalesforceFailure)?.descriptionWithHint ?? "\(error)"
            log.error("reconciliation failed", ["error": .string(reason)])
        }
    }
}
