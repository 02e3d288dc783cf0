import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// order-status: answers what became of an order, and whether the services that an order needs respond, to those who sign
/// with a webhook secret. Anybody may ask whether the program is up.
struct OrderStatus: Program {
    struct Settings: ProgramSettings {
        var authentication: Authentication.Settings
        var ledgerTable: String
        var busName: String

        init(_ environment: inout Environment) {
            authentication = Authentication.Settings(&environment)
            ledgerTable = environment.text("LEDGER_TABLE")
            busName = environment.text("EVENT_BUS_NAME")
        }
    }

    static let name = "order-status"

    let context: ProgramContext<Settings>

    /// The secrets, and a connection to the table; only a signed `/health` needs the bus.
    ///
    /// - Throws: a `Configuration` error when there is no valid secret.
    func warmUp(_ http: HTTPClient) throws {
        let table = context.table(context.settings.ledgerTable, http).preconnect
        try context.authentication(context.settings.authentication, http.preconnecting(to: [table])).warmUp()
    }

    func handle(_ invocation: Invocation) throws -> [UInt8] {
        let http = context.http.until(invocation.deadline - 500)
        // A cached answer would show an old status.
        return try invocation.reply(headers: ["Cache-Control": "no-store"]) { event, requestID throws(ProblemDetails) in
            guard event.method == "GET" else {
                // RFC 9110 requires Allow.
                throw ProblemDetails(
                    405, "METHOD_NOT_ALLOWED", "only GET is allowed here", headers: ["Allow": "GET"])
            }
            let authentication = context.authentication(context.settings.authentication, http)
            switch event.routeKey {
            case "GET /orders/{sfOrderId}":
                let id = event.pathParameters["sfOrderId"] ?? ""
                // First: who may not read orders does not learn which ids are valid, and which are known.
                try authentication.checkRead(event, path: "/orders/\(id)")
                return try status(id, http, requestID)
            case "GET /health":
                // The program has read its settings, or it would not run. To say so costs no call to AWS.
                guard event.headers["x-sf-signature"] != nil else { return Answer(status: 200, body: ["status": "ok"]) }
                try authentication.checkRead(event, path: "/health")
                return health(http)
            default:
                throw ProblemDetails(404, "ROUTE_UNKNOWN", "this program answers /orders/{sfOrderId} and /health")
            }
        }
    }

    private func health(_ http: HTTPClient) -> Answer {
        let report = Health(
            http: http, table: context.table(context.settings.ledgerTable, http),
            bus: context.bus(context.settings.busName, http)
        ).check()
        if !report.isHealthy { context.log.error("unhealthy", ["health": report.body]) }
        return Answer(status: report.isHealthy ? 200 : 503, body: report.body)
    }

    private func status(_ text: String, _ http: HTTPClient, _ requestID: String) throws(ProblemDetails) -> Answer {
        guard let id = RecordID(text) else {
            throw .invalid("the order id in the path must be a Salesforce id of 15 or 18 characters")
        }
        let order: LedgerOrder?
        do {
            order = try Ledger(context.table(context.settings.ledgerTable, http), now: http.now).order(id)
        } catch {
            context.log.error(
                "ledger read failed", ["error": .string("\(error)"), "requestId": .string(requestID)])
            throw Authentication.unreadable
        }
        guard let order else { throw ProblemDetails(404, "ORDER_UNKNOWN", "this order was never requested") }
        return Answer(status: 200, body: order.report)
    }
}

extension LedgerOrder {
    /// What a signed reader sees.
    var report: JSON {
        [
            "orderId": .string(id.text), "status": .string(status.rawValue), "attempt": .number(requestNumber),
            "step": .string(step?.rawValue), "whmcsOrderId": .number(whmcsOrderID), "errorCode": .string(errorCode),
            "errorMessage": .string(errorMessage), "updatedAt": .string(updatedAt.iso8601),
        ]
    }
}
