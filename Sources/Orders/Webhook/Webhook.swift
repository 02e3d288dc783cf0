import AWS
import Basics
import Crypto
import HTTP
import JSON
import Lambda
import Salesforce

/// verify-signature: checks a request, records it in the ledger and announces it on the order bus.
public struct Webhook: Program {
    /// What the program is configured with.
    public struct Settings: ProgramSettings {
        var secretParameter: String
        var ledgerTable: String
        var busName: String
        /// ms
        var tolerance: Milliseconds
        var allowedAddresses: AddressList

        public init(_ environment: inout Environment) {
            secretParameter = environment.text("SF_WEBHOOK_SECRET_PARAMETER")
            ledgerTable = environment.text("LEDGER_TABLE")
            busName = environment.text("EVENT_BUS_NAME")
            tolerance = environment.integer("WEBHOOK_TIMESTAMP_TOLERANCE", default: 300_000, in: 1000...86_400_000)
            let list = AddressList(environment.optional("SF_WEBHOOK_IP_ALLOWLIST") ?? "")
            if list == nil {
                environment.fault("SF_WEBHOOK_IP_ALLOWLIST", "must be addresses and CIDRs separated by commas")
            }
            allowedAddresses = list ?? .any
        }
    }

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

    /// The secrets, and connections to the table and the bus.
    ///
    /// - Throws: a `Configuration` error when the secrets are not there or not fit: no request could be answered.
    public func warmUp(_ http: HTTPClient) throws {
        let preconnects = [
            Table(settings.ledgerTable, account, http).preconnect, EventBus(settings.busName, account, http).preconnect,
        ]
        _ = try WebhookSecrets(parameterValue: secrets(http.preconnecting(to: preconnects)))
    }

    /// Answers one request; every refusal is an answer, not an error.
    public func handle(_ invocation: Invocation) throws -> [UInt8] {
        let event = try HTTPEvent(invocation.payload)
        let requestID = event.requestID.isEmpty ? invocation.requestID : event.requestID
        do throws(ProblemDetails) {
            let answer = try accept(event, invocation, requestID)
            return event.reply(answer.status, headers: answer.headers, body: answer.body.bytes)
        } catch {
            log.info("refused", ["code": .string(error.code), "requestId": .string(requestID)])
            return event.reply(error.status, headers: error.headers, body: error.body(requestID: requestID).bytes)
        }
    }

    private func accept(_ event: HTTPEvent, _ invocation: Invocation, _ requestID: String) throws(ProblemDetails)
        -> Answer
    {
        guard settings.allowedAddresses.allows(event.sourceIP) else {
            throw ProblemDetails(403, "ADDRESS_NOT_ALLOWED", "the source address is not on the allow-list")
        }
        guard event.body.count <= 16 << 10 else {
            throw ProblemDetails(413, "PAYLOAD_TOO_LARGE", "the body may have 16 KiB at the most")
        }
        let http = http.until(invocation.deadline - 500)
        try checkSignature(event, http)
        let request = try FulfillmentRequest(event)
        try request.checkTime(now: http.now(), tolerance: settings.tolerance)
        let ledger = Ledger(Table(settings.ledgerTable, account, http), now: http.now)
        let acceptance = Acceptance(
            orderID: request.orderID, nonce: request.nonce, idempotencyKey: request.idempotencyKey,
            claimant: invocation.requestID, correlationID: requestID, nonceLifetime: 2 * settings.tolerance)
        do {
            let outcome = try ledger.accept(acceptance)
            let log = log.with(["orderId": .string(request.orderID.text), "requestId": .string(requestID)])
            if case .accepted(let attempt) = outcome { announce(acceptance, attempt, http, log) }
            return try answer(outcome, request, log)
        } catch let problem as ProblemDetails {
            throw problem
        } catch {
            log.error("the ledger did not take the order: \(error)", ["requestId": .string(requestID)])
            throw .unavailable
        }
    }

    private func checkSignature(_ event: HTTPEvent, _ http: HTTPClient) throws(ProblemDetails) {
        guard let signature = event.headers["x-sf-signature"] else {
            throw ProblemDetails(401, "INVALID_SIGNATURE", "X-SF-Signature is missing")
        }
        do {
            let kept = try secrets(http)
            if try WebhookSecrets(parameterValue: kept).verify(signature, of: event.body) { return }
            // A secret that was rotated a moment ago; not more than once a minute, or forgers would wear the store out.
            let fresh = try secrets(http, youngerThan: 60_000)
            if fresh != kept, try WebhookSecrets(parameterValue: fresh).verify(signature, of: event.body) { return }
        } catch {
            log.error("the webhook secret cannot be read: \(error)")
            throw .unavailable
        }
        throw ProblemDetails(
            401, "INVALID_SIGNATURE", "X-SF-Signature is not the hex HMAC-SHA256 of the body as it was sent")
    }

    /// The parameter as it is; see `WebhookSecrets`.
    private func secrets(_ http: HTTPClient, youngerThan limit: Milliseconds? = nil) throws -> String {
        let name = settings.secretParameter
        let values = try parameters.get(
            [name], from: ParameterStore(account, http), now: http.now(), youngerThan: limit)
        guard let value = values[name] else {
            throw FunctionError("Configuration", "SF_WEBHOOK_SECRET_PARAMETER names a parameter that does not exist")
        }
        return value
    }

    /// Puts the order on the bus. A failure is no reason to refuse: the order is in the ledger, with the time at which
    /// it is announced again.
    private func announce(_ acceptance: Acceptance, _ attempt: Int, _ http: HTTPClient, _ log: Log) {
        let event = ProvisionRequested(
            orderID: acceptance.orderID, attempt: attempt, correlationID: acceptance.correlationID,
            requestedAt: http.now())
        if let failure = EventBus(settings.busName, account, http).put([event]).failure {
            return log.error("accepted, but not announced: \(failure)", ["attempt": .number(attempt)])
        }
        log.info("accepted", ["attempt": .number(attempt)])
    }

    private func answer(_ outcome: AcceptanceOutcome, _ request: FulfillmentRequest, _ log: Log) throws(ProblemDetails)
        -> Answer
    {
        switch outcome {
        case .accepted(let attempt):
            return Answer(status: 202, body: Acceptance.answer(request.orderID, .accepted, attempt))
        case .known(let order):
            log.info("known already", ["status": .string(order.status.rawValue)])
            return Answer(
                status: order.status == .provisioned ? 200 : 202,
                body: Acceptance.answer(request.orderID, order.status, order.attempt))
        case .replayed(let body):
            log.info("replayed")
            return Answer(status: 202, headers: ["Idempotency-Replayed": "true"], body: body)
        case .nonceSeen:
            throw ProblemDetails(
                401, "NONCE_REUSED", "a request with this nonce has been here; make a new nonce for each request")
        case .keyReused:
            throw ProblemDetails(422, "IDEMPOTENCY_KEY_REUSED", "this Idempotency-Key was used for another order")
        }
    }
}

private struct Answer {
    var status: Int
    var headers: [String: String] = [:]
    var body: JSON

    init(status: Int, headers: [String: String] = [:], body: JSON) {
        self.status = status
        self.headers = headers.merging(["Content-Type": "application/json"]) { $1 }
        self.body = body
    }
}
