import Basics
import HTTP
import JSON
import Testbed

/// The services around the programs. Each carries a call out at one moment, and keeps its state between calls.
final class Services {
    var table = SimulatedTable(name: "ledger")
    var parameters: [String: String]
    let salesforce: SimulatedSalesforce
    let whmcs: SimulatedWHMCS
    /// What the senders sign with now.
    private(set) var senderSecret = Secrets.webhook

    private let plan: EpisodePlan

    init(_ plan: EpisodePlan) {
        self.plan = plan
        parameters = [
            "/webhook-secret": Secrets.webhook, "/client-secret": Secrets.client,
            "/whmcs": Services.credentials(Secrets.whmcs), "/alert-secret": Secrets.alerts,
        ]
        salesforce = SimulatedSalesforce(EpisodePlan.start)
        whmcs = SimulatedWHMCS(plan.behaviours, seed: plan.seed)
    }

    enum Secrets {
        static let webhook = "webhook-secret-of-the-simulation"
        static let nextWebhook = "next-webhook-secret-of-the-simulation"
        static let client = "client-secret-of-the-simulation"
        static let whmcs = "whmcs-secret-of-the-simulation"
        static let nextWHMCS = "next-whmcs-secret-of-the-simulation"
        static let aws = "aws-secret-of-the-simulation"
        static let alerts = "alert-secret-of-the-simulation"

        static let all = [webhook, nextWebhook, client, whmcs, nextWHMCS, aws, alerts]
    }

    private static func credentials(_ secret: String) -> String {
        #"{"identifier":"identifier","secret":"\#(secret)"}"#
    }

    func environment(of program: String) -> [String: String] {
        [
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": Secrets.aws,
            "STACK_NAME": "orders", "LEDGER_TABLE": "ledger", "EVENT_BUS_NAME": "orders",
            "ORDER_QUEUE_URL": "order-queue", "SF_WEBHOOK_SECRET_PARAMETER": "/webhook-secret",
            "SF_ACCESS_TOKEN_PARAMETER": "/token", "SF_REFRESH_FUNCTION": "refresh-sf-token",
            "SF_LOGIN_URL": "http://\(Addresses.salesforce)", "SF_CLIENT_ID": "client",
            "SF_AUTH_FLOW": "client-credentials", "SF_CLIENT_SECRET_PARAMETER": "/client-secret",
            "SF_PROVISIONABLE_STATUSES": "Approved", "SF_RECONCILE": plan.behaviours.reconciles ? "true" : "false",
            "SF_RECONCILE_SINCE": "2026-01-01",
            "WHMCS_API_URL": "http://\(Addresses.whmcs)/includes/api.php", "WHMCS_CREDENTIALS_PARAMETER": "/whmcs",
            "WHMCS_PAYMENT_METHOD": "mailin",
            "WHMCS_MARKER_FIELD": plan.behaviours.usesMarkerField ? "Salesforce Order" : "",
            "WHMCS_QUIET_TIME": plan.without == .quietTime ? "0" : "600",
            "SECURITY_ALERT_WEBHOOK": "http://\(Addresses.alerts)/", "ALERT_WEBHOOK_SECRET_PARAMETER": "/alert-secret",
        ]
    }

    /// How late the service may carry a call out. Of WHMCS and Salesforce the programs expect it within the quiet time.
    func latest(_ call: OutboundCall) -> Milliseconds {
        switch call.service {
        case .whmcs where call.action == "AddOrder" && plan.behaviours.actsVeryLate: 1_800_000
        case .whmcs, .salesforce: 590_000
        default: 8_000
        }
    }

    func carryOut(_ call: OutboundCall, _ world: World, _ reply: @escaping (Response) -> Void) {
        switch call.service {
        case .dynamodb:
            guard let body = JSON(call.request.body) else { return reply(Response(status: 400)) }
            let lag = world.generator.chance(0.2) ? world.random(in: 0...3_000) : world.random(in: 0...50)
            let (status, result) = tableAnswer(call.action, body, now: world.now, lag: lag)
            if let error = TableRefusal.mistake(in: result) { world.invariants.violated(.unknownCall, error) }
            reply(answer((status, result)))
        case .ssm: reply(answer(parameterStore(call, JSON(call.request.body) ?? .null)))
        case .events: reply(answer(putEvents(JSON(call.request.body) ?? .null, world)))
        case .sqs: reply(answer(queueLength(call, world)))
        case .lambda: invoke(call, world, reply)
        case .salesforce: reply(salesforce.answer(call.request, now: world.now))
        case .whmcs: reply(whmcs.answer(call))
        case .alerts: reply(Response(status: 200))
        }
    }

    private func tableAnswer(
        _ action: String, _ body: JSON, now: Timestamp, lag: Milliseconds
    ) -> (status: Int, body: JSON) {
        guard let safeguard = plan.without else { return table.answer(action, body, now: now, indexLag: lag) }
        let (status, answer) = table.answer(action, safeguard.weakened(action, body), now: now, indexLag: lag)
        return (status, safeguard.weakened(answer: answer, to: body))
    }

    /// What a gateway before the service says, or PHP's own error page.
    func nonsense(_ status: Int, _ call: OutboundCall) -> Response {
        let isJSON = status >= 500 && call.service == .whmcs && plan.behaviours.answersErrorsInJSON
        let page = isJSON ? #"{"result":"error","message":"internal error"}"# : "<html>gateway</html>"
        return Response(status: status, body: Array(page.utf8))
    }

    /// The service's answer to a throttled call.
    func throttle(_ call: OutboundCall, _ world: World) -> Response {
        switch call.service {
        case .dynamodb where call.action == "TransactWriteItems" && world.generator.chance(0.5):
            // Another transaction has one of the items at work.
            answer(
                (
                    400,
                    [
                        "__type": "TransactionCanceledException", "message": "Transaction cancelled",
                        "CancellationReasons": [
                            ["Code": "None"], ["Code": "None"], ["Code": "TransactionConflict"],
                        ],
                    ]
                ))
        case .dynamodb, .ssm, .events, .sqs:
            answer((400, ["__type": "ThrottlingException", "message": "slow down"]))
        case .lambda: answer((429, ["__type": "TooManyRequestsException", "message": "slow down"]))
        case .salesforce:
            answer(Services.salesforceRefusals[world.random(in: 0...2)])
        case .whmcs, .alerts: Response(status: 429, body: Array("Too Many Requests".utf8))
        }
    }

    /// All say that the same call may succeed later.
    private static let salesforceRefusals: [(status: Int, body: JSON)] = [
        (503, [["errorCode": "SERVER_UNAVAILABLE", "message": "busy"]]),
        (400, [["errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record"]]),
        (403, [["errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."]]),
    ]

    private func parameterStore(_ call: OutboundCall, _ body: JSON) -> (status: Int, body: JSON) {
        switch call.action {
        case "GetParameters":
            let names = (body["Names"]?.array ?? []).compactMap(\.string)
            let found = names.compactMap { name in
                parameters[name].map { JSON.object(["Name": .string(name), "Value": .string($0)]) }
            }
            return (200, ["Parameters": .array(found)])
        case "PutParameter":
            guard let name = body["Name"]?.string, let value = body["Value"]?.string else { return (400, .null) }
            parameters[name] = value
            return (200, ["Version": 1])
        default: return (400, ["__type": "SimulationUnsupported", "message": .string(call.action)])
        }
    }

    /// SQS counts messages approximately.
    private func queueLength(_ call: OutboundCall, _ world: World) -> (status: Int, body: JSON) {
        guard call.action == "GetQueueAttributes" else {
            return (400, ["__type": "SimulationUnsupported", "message": .string(call.action)])
        }
        let count = world.random(in: 0...2 * world.queue.waitingMessages)
        return (200, ["Attributes": ["ApproximateNumberOfMessages": .string(String(count))]])
    }

    /// The bus delivers each event to the order queue, sometimes twice.
    private func putEvents(_ body: JSON, _ world: World) -> (status: Int, body: JSON) {
        let entries = body["Entries"]?.array ?? []
        let refused: JSON = ["ErrorCode": "InternalFailure", "ErrorMessage": "internal"]
        let results = entries.map { _ -> JSON in
            let isRefused = world.rates != .none && world.generator.chance(plan.behaviours.refusedEntries)
            return isRefused ? refused : ["EventId": "1"]
        }
        for (entry, result) in zip(entries, results) where result != refused {
            let event: JSON = [
                "id": "event", "source": entry["Source"] ?? .null, "detail-type": entry["DetailType"] ?? .null,
                "time": .string(world.now.iso8601),
                "detail": JSON(Array((entry["Detail"]?.string ?? "").utf8)) ?? .null,
            ]
            for _ in 0..<(world.generator.chance(plan.behaviours.duplicateDeliveries) ? 2 : 1) {
                world.after(world.random(in: 20...1_500)) { world.queue.send(event) }
            }
        }
        return (200, ["FailedEntryCount": .number(results.count { $0 == refused }), "Entries": .array(results)])
    }

    /// Programs invoke only refresh-sf-token.
    private func invoke(_ call: OutboundCall, _ world: World, _ reply: @escaping (Response) -> Void) {
        let program = "refresh-sf-token"
        world.lambda.invoke(program, JSON(call.request.body) ?? .null) { result in
            switch result {
            case .success(let bytes): reply(Response(status: 200, body: bytes))
            case .failure(let error):
                reply(self.failed(["errorType": .string(error.type), "errorMessage": .string(error.message)]))
            case nil: reply(self.failed(["errorType": "Sandbox.Timedout", "errorMessage": "died"]))
            }
        }
    }

    private func failed(_ body: JSON) -> Response {
        Response(status: 200, headers: [Header("X-Amz-Function-Error", "Unhandled")], body: body.bytes)
    }

    // MARK: What people do

    /// First the programs take both secrets, then, a minute later at least, the senders change to the new one, then the
    /// old one goes.
    func rotateWebhookSecret(_ world: World) {
        parameters["/webhook-secret"] = "\(Secrets.nextWebhook)\n\(Secrets.webhook)"
        world.after(world.random(in: 61_000...600_000)) { [self] in
            senderSecret = Secrets.nextWebhook
            world.after(world.random(in: 120_000...1_200_000)) { [self] in
                parameters["/webhook-secret"] = Secrets.nextWebhook
            }
        }
    }

    func rotateCredentials() {
        parameters["/whmcs"] = Services.credentials(Secrets.nextWHMCS)
        whmcs.rotateSecret(Secrets.nextWHMCS)
    }

    /// Fixes what the error code of an unready order names.
    func fix(_ code: String, _ order: String) {
        switch code {
        case "CLIENT_NOT_LINKED": salesforce.linkClient()
        case "MAPPING_FAILED": salesforce.mapProduct()
        case "ORDER_NOT_PROVISIONABLE": salesforce.approve(order)
        default: whmcs.readyClients()
        }
    }

    private func answer(_ answer: (status: Int, body: JSON)) -> Response {
        Response(status: answer.status, body: answer.body.bytes)
    }
}
