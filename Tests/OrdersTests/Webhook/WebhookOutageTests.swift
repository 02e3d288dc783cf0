import Basics
import HTTP
import Lambda
import Testbed
import TestSupport
import Testing

@testable import Orders

/// verify-signature when AWS does not answer, or holds what the program cannot use.
@Suite struct WebhookOutageTests {
    private static func expectUnavailable(_ answer: GatewayAnswer, _ comment: Comment? = nil) {
        #expect(answer.status == 503, comment)
        #expect(answer.headers == ["Content-Type": "application/problem+json", "Retry-After": "5"], comment)
        // Nothing about the cause.
        #expect(
            answer.body == [
                "type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "SERVICE_UNAVAILABLE",
                "detail":
                    "the request may not have been recorded; send it again, with the same Idempotency-Key and a new nonce",
                "requestId": "api-1",
            ], comment)
    }

    // MARK: The ledger

    @Test("Without a ledger the caller gets 503") func unreachableLedger() throws {
        let closed = try ClosedPort()
        let harness = try WebhookHarness(endpoints: ["DYNAMODB": "http://127.0.0.1:\(closed.port)"])
        Self.expectUnavailable(try harness.send(WebhookRequest()))
        #expect(try harness.aws.keys() == [])
        #expect(try harness.aws.takeEvents() == [])
        #expect(harness.log.messages.contains { $0 == "ledger write failed" })
    }

    @Test("A request that got 503 is accepted when it is sent again") func sentAgain() throws {
        let harness = try WebhookHarness()
        harness.network.before = { $0.action == "TransactWriteItems" ? .unreachable : nil }
        Self.expectUnavailable(try harness.send(WebhookRequest()))
        harness.network.before = { _ in nil }
        #expect(try harness.send(WebhookRequest()).body == .accepted())
    }

    @Test(
        "A refusal of DynamoDB is not passed on",
        arguments: [
            ("ResourceNotFoundException", 400), ("AccessDeniedException", 400), ("InternalServerError", 500),
        ] as [(String, Int)])
    func refusingLedger(_ code: String, _ status: Int) throws {
        let harness = try WebhookHarness()
        harness.network.before = { request in
            guard request.action == "TransactWriteItems" else { return nil }
            let body = #"{"__type":"com.amazonaws.dynamodb.v20120810#\#(code)","message":"arn:aws:dynamodb:secret"}"#
            return .success(Response(status: status, body: Array(body.utf8)))
        }
        Self.expectUnavailable(try harness.send(WebhookRequest()), "\(code)")
        #expect(try harness.aws.keys() == [])
    }

    /// It is neither new nor Provisioned.
    @Test("An unreadable order is left as it is") func unreadableOrder() throws {
        let harness = try WebhookHarness()
        try harness.aws.set("order#\(Seed.order)", ["status": "Teleported"])
        Self.expectUnavailable(try harness.send(WebhookRequest()))
        #expect(try harness.aws.order(Seed.order)["status"] == "Teleported")
        #expect(try harness.aws.takeEvents() == [])
    }

    @Test("An order that changes before each of three transactions gives 503") func contendedOrder() throws {
        let harness = try WebhookHarness()
        try harness.aws.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1])
        var transactions = 0
        harness.network.before = { request in
            if request.action == "TransactWriteItems" {
                transactions += 1
                try? harness.aws.set("order#\(Seed.order)", ["attempt": .number(transactions + 1)])
            }
            return nil
        }
        Self.expectUnavailable(try harness.send(WebhookRequest()))
        #expect(transactions == 3)
        #expect(try harness.aws.takeEvents() == [])
    }

    // MARK: The bus

    /// Recovery publishes the order a minute later.
    @Test("An order whose event the bus refuses is accepted") func refusedEvent() throws {
        let harness = try WebhookHarness(["EVENT_BUS_NAME": "nobody-made-this-one"])
        harness.network.after = { request, answer in
            // The account accepts events for any bus.
            guard request.action == "PutEvents" else { return answer }
            let refusal = #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"x"}]}"#
            return .success(Response(status: 200, body: Array(refusal.utf8)))
        }
        try Self.expectAcceptedUnpublished(harness)
    }

    @Test("An order is accepted when the bus refuses the call or does not answer", arguments: [true, false])
    func unreachableBus(_ isRefused: Bool) throws {
        let harness = try WebhookHarness()
        harness.network.before = { request in
            guard request.action == "PutEvents" else { return nil }
            let refusal = Response(status: 400, body: Array(#"{"__type":"ResourceNotFoundException"}"#.utf8))
            return isRefused ? .success(refusal) : .unreachable
        }
        try Self.expectAcceptedUnpublished(harness)
    }

    private static func expectAcceptedUnpublished(_ harness: WebhookHarness) throws {
        let answer = try harness.send(WebhookRequest())
        #expect((answer.status, answer.body) == (202, .accepted()))
        let order = try harness.aws.order(Seed.order)
        #expect((order["status"], order["open"]) == ("Accepted", "1"))
        #expect(order["dueAt"]?.timestamp == .requestTime + 60_000)
        let logged = harness.log.lines.first { $0["message"] == "accepted but not published" }
        #expect(logged?["error"]?.string?.hasPrefix("events PutEvents") == true)
    }

    // MARK: The secrets

    @Test("During a rotation both secrets are valid") func rotation() throws {
        let harness = try WebhookHarness(secret: "new-secret\nold-secret\n")
        #expect(try harness.send(WebhookRequest(secret: "old-secret")).status == 202)
        #expect(try harness.send(WebhookRequest(secret: "new-secret").again(2)).status == 202)
        #expect(try harness.send(WebhookRequest(secret: "new-secret\nold-secret").again(3)).code == "INVALID_SIGNATURE")
    }

    /// An invalid signature makes the program read the secrets again, at most once a minute.
    @Test("A new secret is found within a minute") func newSecret() throws {
        let harness = try WebhookHarness()
        func reads() -> Int { harness.network.requests.count { $0.action == "GetParameters" } }
        let forged = WebhookRequest(secret: "new-secret")
        #expect(try harness.send(forged).code == "INVALID_SIGNATURE")
        #expect(reads() == 1)
        try harness.aws.put("webhook-secret", "new-secret")
        harness.network.now += 59_999
        #expect(try harness.send(forged).code == "INVALID_SIGNATURE")
        #expect(reads() == 1)
        harness.network.now += 1
        #expect(try harness.send(forged).status == 202)
        #expect(reads() == 2)
        #expect(try harness.send(WebhookRequest().again(2)).code == "INVALID_SIGNATURE")
    }

    @Test("The stored secrets stay valid when Parameter Store does not answer") func unreachableStore() throws {
        let harness = try WebhookHarness()
        try harness.start()
        harness.network.before = { $0.action == "GetParameters" ? .unreachable : nil }
        harness.network.now += 61_000
        Self.expectUnavailable(try harness.send(WebhookRequest(secret: "forger")))
        #expect(try harness.send(WebhookRequest().again(2)).status == 202)
    }

    @Test("The stored secrets stay valid for 15 minutes, and the log says so") func outageOfStore() throws {
        let harness = try WebhookHarness()
        try harness.start()
        var request = WebhookRequest()
        request.timestamp = "2026-11-20T10:20:30Z"
        harness.network.before = { $0.action == "GetParameters" ? .unreachable : nil }
        harness.network.now += 299_999
        #expect(try harness.send(request).status == 202)
        #expect(!harness.log.messages.contains { $0.hasPrefix("Parameter Store failed") })
        harness.network.now += 1
        #expect(try harness.send(request.again(2)).status == 202)
        let warning = harness.log.lines.first { $0["message"] == "Parameter Store failed; using the last values" }
        #expect(warning?["level"] == "WARN")
        harness.network.now += 600_000
        Self.expectUnavailable(try harness.send(request.again(3)))
    }

    @Test("The first request reads no secret") func initPhase() throws {
        let harness = try WebhookHarness()
        try harness.start()
        let sent = harness.network.requests.count
        #expect(try harness.send(WebhookRequest()).status == 202)
        #expect(harness.network.requests.dropFirst(sent).map(\.action) == ["TransactWriteItems", "PutEvents"])
    }

    @Test("Without a secret the caller gets 503") func noSecretYet() throws {
        let harness = try WebhookHarness()
        harness.network.before = { $0.action == "GetParameters" ? .unreachable : nil }
        try harness.start()
        #expect(
            harness.log.messages.contains { $0 == "parameters not readable at init" })
        Self.expectUnavailable(try harness.send(WebhookRequest()))
        #expect(try harness.aws.keys() == [])
    }

    @Test(
        "An unusable secret stops the start, and verifies nothing",
        arguments: [
            (nil, "SF_WEBHOOK_SECRET_PARAMETER names a parameter that does not exist"),
            (" ", "the webhook secret is empty"),
            ("{!$Credential.Secret}", "the webhook secret is a placeholder; replace it with a random secret"),
        ] as [(String?, String)])
    func unusableSecret(_ secret: String?, _ message: String) throws {
        let harness = try WebhookHarness(secret: secret)
        #expect(throws: FunctionError("Configuration", message)) { try harness.start() }
        Self.expectUnavailable(try harness.send(WebhookRequest(secret: secret ?? "")))
    }

    @Test("The log holds no secret, signature or nonce") func log() throws {
        let harness = try WebhookHarness()
        _ = try harness.send(WebhookRequest())
        _ = try harness.send(WebhookRequest(secret: "another"))
        #expect(!harness.log.lines.isEmpty)
        for secret in [WebhookRequest.secret, WebhookRequest().signature, WebhookRequest().nonce] {
            #expect(!harness.log.text.contains(secret))
        }
    }
}
