import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// order-status: what became of an order, and whether the parts answer.
public struct OrderStatus: Program {
    public struct Settings: ProgramSettings {
        var ledgerTable: String
        var busName: String
        var tokenParameter: String

        public init(_ environment: inout Environment) {
            ledgerTable = environment.text("LEDGER_TABLE")
            busName = environment.text("EVENT_BUS_NAME")
            tokenParameter = environment.text("SF_ACCESS_TOKEN_PARAMETER")
        }
    }

    private let settings: Settings
    private let account: Account
    private let http: HTTPClient
    private let log: Log

    public init(_ settings: Settings, _ account: Account, _ http: HTTPClient, _ log: Log) {
        self.settings = settings
        self.account = account
        self.http = http
        self.log = log
    }

    /// A connection to the table: of the rest only `/health` has a need.
    public func warmUp(_ http: HTTPClient) {
        http.preconnect([Table(settings.ledgerTable, account, http).preconnect])
    }

    public func handle(_ invocation: Invocation) throws -> [UInt8] {
        let event = try HTTPEvent(invocation.payload)
        let requestID = event.requestID.isEmpty ? invocation.requestID : event.requestID
        let http = http.until(invocation.deadline - 500)
        let table = Table(settings.ledgerTable, account, http)
        // The answer of now: a cached one would be of a moment ago.
        let headers = ["Content-Type": "application/json", "Cache-Control": "no-store"]
        do throws(ProblemDetails) {
            guard event.method == "GET" else {
                throw ProblemDetails(405, "METHOD_NOT_ALLOWED", "only GET is answered here")
            }
            if event.path.hasSuffix("/health") {
                let health = Health(
                    http: http, table: table, bus: EventBus(settings.busName, account, http),
                    parameters: ParameterStore(account, http), tokenParameter: settings.tokenParameter)
                let report = health.check()
                if !report.isHealthy { log.error("unhealthy", ["health": report.body]) }
                return event.reply(report.isHealthy ? 200 : 503, headers: headers, body: report.body.bytes)
            }
            return event.reply(200, headers: headers, body: try status(event, table, requestID).bytes)
        } catch {
            var headers = error.headers
            headers["Cache-Control"] = "no-store"
            // RFC 9110 asks for it.
            if error.status == 405 { headers["Allow"] = "GET" }
            return event.reply(error.status, headers: headers, body: error.body(requestID: requestID).bytes)
        }
    }

    private func status(_ event: HTTPEvent, _ table: Table, _ requestID: String) throws(ProblemDetails) -> JSON {
        guard let id = event.pathParameters["sfOrderId"].flatMap({ RecordID($0) }) else {
            throw .invalid("the order id in the path must be a Salesforce id of 15 or 18 characters")
        }
        let order: LedgerOrder?
        do {
            order = try Ledger(table, now: http.now).order(id)
        } catch {
            log.error("the ledger did not answer: \(error)", ["requestId": .string(requestID)])
            throw ProblemDetails(503, "SERVICE_UNAVAILABLE", "the status cannot be read now", retryAfter: 5)
        }
        guard let order else { throw ProblemDetails(404, "ORDER_NOT_FOUND", "this order was never requested") }
        return order.publicStatus
    }
}

extension LedgerOrder {
    /// What the portal may see. The message of an error is for the operator, who reads it in Salesforce.
    var publicStatus: JSON {
        [
            "orderId": .string(id.text), "status": .string(status.rawValue), "attempt": .number(attempt),
            "step": step.map { .string($0.rawValue) } ?? .null,
            "whmcsOrderId": .number(whmcsOrderID),
            "errorCode": .string(errorCode), "updatedAt": .string(updatedAt.iso8601),
        ]
    }
}
