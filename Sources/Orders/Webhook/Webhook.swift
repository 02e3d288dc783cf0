import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// verify-signature: checks a request, records it in the ledger, and publishes it on the order bus.
struct Webhook: Program {
    /// What the program is configured with.
    struct Settings: ProgramSettings {
        var authentication: Authentication.Settings
        var ledgerTable: String
        var busName: String
        var allowedAddresses: AddressList
        /// The organization that may send; nil allows any.
        var organization: RecordID?

        init(_ environment: inout Environment) {
            authentication = Authentication.Settings(&environment)
            ledgerTable = environment.text("LEDGER_TABLE")
            busName = environment.text("EVENT_BUS_NAME")
            let list = AddressList(environment.optional("SF_WEBHOOK_IP_ALLOWLIST") ?? "")
            if list == nil {
                environment.fault("SF_WEBHOOK_IP_ALLOWLIST", "must be addresses and CIDRs separated by commas")
            }
            allowedAddresses = list ?? .any
            organization = environment.salesforceID("SF_ORGANIZATION_ID")
        }
    }

    static let name = "verify-signature"

    let context: ProgramContext<Settings>

    /// The secrets, and connections to the table and the bus.
    ///
    /// - Throws: a `Configuration` error when there is no valid secret: the program could answer no request.
    func warmUp(_ http: HTTPClient) throws {
        let preconnects = [
            context.table(settings.ledgerTable, http).preconnect, context.bus(settings.busName, http).preconnect,
        ]
        try context.authentication(settings.authentication, http.preconnecting(to: preconnects)).warmUp()
    }

    /// Answers one request.
    func handle(_ invocation: Invocation) throws -> [UInt8] {
        try invocation.reply { event, requestID throws(ProblemDetails) in
            defer {
                if let receivedAt = event.receivedAt { metrics.add(.requestTime, context.http.now() - receivedAt) }
            }
            do throws(ProblemDetails) {
                return try accept(event, invocation, requestID)
            } catch {
                metrics.add(refusal: error)
                log.info("refused", ["code": .string(error.code), "requestId": .string(requestID)])
                throw error
            }
        }
    }

    private var settings: Settings { context.settings }
    private var log: Log { context.log }
    private var metrics: Metrics { context.metrics }

    private func accept(
        _ event: HTTPEvent, _ invocation: Invocation, _ requestID: String
    ) throws(ProblemDetails) -> Answer {
        guard settings.allowedAddresses.allows(event.sourceIP) else {
            throw ProblemDetails(403, "ADDRESS_NOT_ALLOWED", "the source address is not on the allow-list")
        }
        guard event.body.count <= 16 << 10 else {
            throw ProblemDetails(413, "PAYLOAD_TOO_LARGE", "the body must not exceed 16 KiB")
        }
        var http = context.http.until(invocation.deadline - 500)
        // One try for each call: the sender repeats what got 503, and waits for this answer meanwhile.
        http.retries = 0
        let authentication = context.authentication(settings.authentication, http)
        try metrics.measure(.signatureTime, http.now) { () throws(ProblemDetails) in
            try authentication.checkSignature(
                event.headers["x-sf-signature"], of: event.body, signed: "the body as it was sent",
                unavailable: .unavailable)
        }
        let request = try FulfillmentRequest(event, from: settings.organization)
        try authentication.checkTime(request.timestamp)
        let acceptance = Acceptance(
            orderID: request.orderID, nonce: request.nonce, idempotencyKey: request.idempotencyKey,
            requestedAt: request.requestedAt, claimant: invocation.requestID, correlationID: requestID.boundedID,
            nonceLifetime: 2 * settings.authentication.tolerance)
        let log = log.with(["orderId": .string(request.orderID.text), "requestId": .string(requestID)])
            .with(invocation.traceFields())
        let outcome: AcceptanceOutcome
        do {
            outcome = try metrics.measure(.ledgerWriteTime, http.now) {
                try Ledger(context.table(settings.ledgerTable, http), now: http.now).accept(acceptance)
            }
        } catch {
            log.error("ledger write failed", ["error": .string("\(error)")])
            throw .unavailable
        }
        if case .accepted(let requestNumber) = outcome {
            publish(acceptance, requestNumber, invocation.trace, http, log)
        }
        let answer = try answer(outcome, request.orderID, log)
        metrics.add(answer: outcome)
        return answer
    }

    /// Publishes the order's event. A failure refuses nothing: the order is in the ledger, and recovery publishes it again.
    private func publish(
        _ acceptance: Acceptance, _ requestNumber: Int, _ trace: TraceHeader?, _ http: HTTPClient, _ log: Log
    ) {
        let event = ProvisionRequested(
            orderID: acceptance.orderID, requestNumber: requestNumber, correlationID: acceptance.correlationID,
            requestedAt: http.now())
        let failure = context.bus(settings.busName, http).put([event], trace: trace).failure
        let fields: [String: JSON] = ["attempt": .number(requestNumber)]
        if let failure {
            log.error("accepted but not published", fields.merging(["error": .string("\(failure)")]) { $1 })
        } else {
            log.info("accepted", fields)
        }
    }

    private func answer(_ outcome: AcceptanceOutcome, _ id: RecordID, _ log: Log) throws(ProblemDetails) -> Answer {
        switch outcome {
        case .accepted(let requestNumber):
            return answer(Acceptance.answer(id, .accepted, requestNumber))
        case .duplicate(let order):
            log.info("duplicate request", ["status": .string(order.status.rawValue)])
            return answer(Acceptance.answer(id, order.status, order.requestNumber))
        case .replayed(let body):
            log.info("replayed")
            return answer(body, headers: ["Idempotency-Replayed": "true"])
        case .nonceReused:
            throw ProblemDetails(
                401, "NONCE_REUSED", "this nonce was used before; create a new nonce for each request")
        case .idempotencyKeyReused:
            throw ProblemDetails(
                422, "IDEMPOTENCY_KEY_REUSED", "this Idempotency-Key was used for another order")
        }
    }

    private func answer(_ body: JSON, headers: [String: String] = [:]) -> Answer {
        let isDone = body["status"]?.string == LedgerOrder.Status.provisioned.rawValue
        return Answer(status: isDone ? 200 : 202, headers: headers, body: body)
    }
}
