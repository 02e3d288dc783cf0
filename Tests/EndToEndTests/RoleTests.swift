import AWS
import JSON
import TestSupport
import Testbed
import Testing

/// What the programs call in AWS, against what their roles allow: nothing that is not allowed, and nothing allowed that
/// no program calls.
@Suite(.serialized) struct RoleTests {
    private typealias Permission = FunctionDefinition.Permission

    private static let home = "eu-west-1:123456789012"
    private static let topic = "arn:aws:sns:\(home):alerts"
    private static let alertSecretParameter = "/orders/alerts/webhook-secret"

    /// What AWS itself calls with a function's role, by action: it writes the logs, polls the order queue, stores events
    /// that failed in every retry, and sends traces.
    private static let callsOfAWS: Set = [
        "logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage",
        "xray:PutTraceSegments", "xray:PutTelemetryRecords",
    ]
    /// A run has one flow, and reads the secret of that one.
    private static let exceptions: [String: Set<Permission>] = [
        "refresh-sf-token": [
            Permission("ssm:GetParameters", "arn:aws:ssm:\(home):parameter/orders/salesforce/client-secret")
        ]
    ]

    @Test("Every role allows what its program calls, and nothing else")
    func rolesMatchTheCalls() throws {
        let faultProxy = FaultProxy()
        let alerts = Recorder<ServerRequest>()
        let webhook = try LoopbackServer { request in
            alerts.append(request)
            return .json(200, [])
        }
        defer { webhook.stop() }
        let harness = try EndToEndHarness {
            $0.faultProxy = faultProxy
            $0.parameters["SecurityAlertWebhook"] = webhook.url + "/"
            $0.parameters["AlertWebhookSecretParameter"] = Self.alertSecretParameter
            $0.parameters["AlertTopicArn"] = Self.topic
            $0.parameters["SfReconcile"] = "true"
            $0.parameters["SfReconcileSince"] = "2026-01-01"
        }
        defer { harness.testbed.stop() }
        try ParameterStore(harness.account, harness.http).put(Self.alertSecretParameter, "alert-secret", policies: [])
        // The bus refuses the first events of recover-orders, which raises an alert.
        let firstEvents = OutboundCall(
            program: "recover-orders", run: 0, service: .events, action: "PutEvents", number: 1, position: 0)
        let injector = FaultInjector(PlannedFault(firstEvents, .response(.dropBeforeActing), lasts: true))
        faultProxy.reset(rule: injector.fault)
        try Self.exercise(harness)
        var called: [String: Set<Permission>] = [:]
        for exchange in faultProxy.exchanges {
            let permissions = AuthorizedCall(exchange: exchange, home: Self.home).permissions
            called[exchange.call.program, default: []].formUnion(permissions)
        }
        #expect(harness.testbed.resources.functions.count == 5)
        for function in harness.testbed.resources.functions {
            let allowed = Set(function.permissions.filter { !Self.callsOfAWS.contains($0.action) })
            let expected = allowed.subtracting(Self.exceptions[function.name] ?? [])
            let calls = called[function.name] ?? []
            #expect(calls.subtracting(allowed) == [], "\(function.name) calls what its role does not allow")
            #expect(expected.subtracting(calls) == [], "\(function.name)'s role allows what it does not call")
        }
        try Self.check(alerts.values, harness)
    }

    /// The alerts of the same orders, as their webhook received them.
    private static func check(_ alerts: [ServerRequest], _ harness: EndToEndHarness) throws {
        let texts = alerts.compactMap { JSON($0.body)?["text"]?.string }
        #expect(texts.contains { $0.hasPrefix("Failed to publish 1 due orders") })
        let module = try #require(texts.first { $0.hasPrefix("A module failed to set up a service: 801") })
        // The ports are those of the fault proxy.
        let links =
            /Salesforce order: http:\/\/127.0.0.1:\d+\/801\w{15}\nWHMCS order: http:\/\/127.0.0.1:\d+\/admin\/orders.php\?action=view&id=\d+\n/
        #expect(module.firstMatch(of: links) != nil, "\(module)")
        for alert in alerts {
            let signed = Array("\(alert.header("x-timestamp") ?? "").".utf8) + alert.body
            let digest = try Program.openssl.run(["dgst", "-sha256", "-hmac", "alert-secret", "-r"], input: signed)
            let code = String(decoding: digest.prefix(64), as: UTF8.self)
            #expect(alert.header("x-signature-256") == "sha256=\(code)")
        }
    }

    /// Takes every way that calls AWS: orders, their status, recovery, reconciliation, alerts, the doctor.
    private static func exercise(_ harness: EndToEndHarness) throws {
        let (order, _) = harness.newOrder()
        try harness.fulfill(order)
        try harness.wait(order)
        _ = try harness.status(order)
        _ = try harness.get("/health")
        // A module that fails raises an alert, and leaves the order open.
        harness.testbed.whmcs.update { $0.moduleErrors = [185: "No server has room"] }
        let (waiting, _) = harness.newOrder()
        try harness.fulfill(waiting)
        _ = try harness.poll("\(waiting) waiting for the repair") {
            try harness.ledger(waiting)["setupFailedAt"] != nil ? true : nil
        }
        try harness.recover(["all": true])
        try harness.recover(["orderId": .string(waiting)])
        // Reconciliation needs a token, and finds that Salesforce has revoked it.
        harness.testbed.salesforce.revokeTokens()
        try harness.recover([:])
        for program in ["provision-order", "refresh-sf-token"] {
            let answer = try harness.testbed.invoke(program, ["doctor": true])
            #expect(
                JSON(answer.payload)?["checks"]?.array?.contains { $0["name"] == "ledger" && $0["ok"] == true } == true)
        }
    }
}
