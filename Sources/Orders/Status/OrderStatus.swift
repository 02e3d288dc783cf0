import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// order-status: answers what became of an order, and whether the services that an order needs respond.
struct OrderStatus: Program {
    struct Settings: ProgramSettings {
        var ledgerTable: String
        var busName: String
        var tokenParameter: String

        init(_ environment: inout Environment) {
            ledgerTable = environment.text("LEDGER_TABLE")
            busName = environment.text("EVENT_BUS_NAME")
            tokenParameter = environment.text("SF_ACCESS_TOKEN_PARAMETER")
        }
    }

    let context: ProgramContext<Settings>

    /// A connection to the table; only `/health` needs the others.
    func warmUp(_ http: HTTPClient) {
        http.preconnect([context.table(context.settings.ledgerTable, http).preconnect])
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
            return event.path.hasSuffix("/health") ? health(http) : try status(event, http, requestID)
        }
    }

    private func health(_ http: HTTPClient) -> Answer {
        let report = Health(
            http: http, table: context.table(context.settings.ledgerTable, http),
            bus: context.bus(context.settings.busName, http), parameters: context.parameterStore(http),
            tokenParameter: context.settings.tokenParameter
        ).check()
        if !report.isHealthy { context.log.error("unhealthy", ["health": report.body]) }
        return Answer(status: report.isHealthy ? 200 : 503, body: report.body)
    }

    private func status(
        _ event: HTTPEvent, _ http: HTTPClient, _ requestID: String
    ) throws(ProblemDetails) -> Answer {
        guard let id = event.pathParameters["sfOrderId"].flatMap({ RecordID($0) }) else {
            throw .invalid("the order id in the path must be a Salesforce id of 15 or 18 characters")
        }
        let order: LedgerOrder?
        do {
            order = try Ledger(context.table(context.settings.ledgerTable, http), now: http.now).order(id)
        } catch {
            context.log.error(
                "ledger read failed", ["error": .string("\(error)"), "requestId": .string(requestID)])
            throw ProblemDetails(503, "SERVICE_UNAVAILABLE", "the status cannot be read now", retryAfter: 5)
        }
        guard let order else { throw ProblemDetails(404, "ORDER_NOT_FOUND", "this order was never requested") }
        return Answer(status: 200, body: order.publicStatus)
    }
}

extension LedgerOrder {
    /// What the portal may see. An error's message is for the operator, who reads it in Salesforce.
    var publicStatus: JSON {
        [
            "orderId": .string(id.text), "status": .string(status.rawValue), "attempt": .number(requestNumber),
            "step": .string(step?.rawValue), "whmcsOrderId": .number(whmcsOrderID), "errorCode": .string(errorCode),
            "updatedAt": .string(updatedAt.iso8601),
        ]
    }
}
