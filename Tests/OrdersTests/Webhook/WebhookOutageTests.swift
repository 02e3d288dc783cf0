import Basics
import HTTP
import JSON
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

    private static let old = "0ld-" + WebhookRequest.secret
    private static let new = "new-" + WebhookRequest.secret

    @Test("During a rotation both secrets are valid") func rotation() throws {
        let harness = try WebhookHarness(secret: "\(Self.new)\n\(Self.old)\n")
        #expect(try harness.send(WebhookRequest(secret: Self.old)).status == 202)
        #expect(try harness.send(WebhookRequest(secret: Self.new).again(2)).status == 202)
        let both = WebhookRequest(secret: "\(Self.new)\n\(Self.old)")
        #expect(try harness.send(both.again(3)).code == "INVALID_SIGNATURE")
    }

    /// An invalid signature makes the program read the secrets again, at most once a minute.
    @Test("A new secret is found within a minute") func newSecret() throws {
        let harness = try WebhookHarness()
        func reads() -> Int { harness.network.requests.count { $0.action == "GetParameters" } }
        let forged = WebhookRequest(secret: Self.new)
        #expect(try harness.send(forged).code == "INVALID_SIGNATURE")
        #expect(reads() == 1)
        try harness.aws.put("webhook-secret", Self.new)
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

    @Test("The stored secrets stay valid for an hour, and the log says so", arguments: [false, true])
    func outageOfStore(_ isThrottled: Bool) throws {
        let harness = try WebhookHarness()
        try harness.start()
        func request(_ number: Int) -> WebhookRequest {
            WebhookRequest(timestamp: harness.network.now.iso8601).again(number)
        }
        harness.network.before = { request in
            guard request.action == "GetParameters" else { return nil }
            return isThrottled ? .answer(400, #"{"__type":"ThrottlingException"}"#) : .unreachable
        }
        harness.network.now += 299_999
        #expect(try harness.send(request(1)).status == 202)
        #expect(!harness.log.messages.contains { $0.hasPrefix("Parameter Store failed") })
        harness.network.now += 1
        #expect(try harness.send(request(2)).status == 202)
        let warning = harness.log.lines.first { $0["message"] == "Parameter Store failed; using the last values" }
        #expect(warning?["level"] == "WARN")
        harness.network.now += 3_299_999
        #expect(try harness.send(request(3)).status == 202)
        harness.network.now += 1
        Self.expectUnavailable(try harness.send(request(4)))
    }

    /// Every forged signature makes the program read the secrets again, and each of these requests would do it anew.
    @Test("A flood of forged requests does not multiply the calls of a throttled store") func throttledFlood() throws {
        let harness = try WebhookHarness()
        try harness.start()
        harness.network.before = {
            $0.action == "GetParameters" ? .answer(400, #"{"__type":"ThrottlingException"}"#) : nil
        }
        let before = harness.network.requests.count
        for second in 0..<120 {
            harness.network.now += 1_000
            let forged = WebhookRequest(timestamp: harness.network.now.iso8601, secret: "forger").again(second)
            #expect([401, 503].contains(try harness.send(forged).status))
            let signed = WebhookRequest(timestamp: harness.network.now.iso8601).again(1000 + second)
            #expect(try harness.send(signed).status == 202)
        }
        #expect(harness.network.requests.dropFirst(before).count { $0.action == "GetParameters" } == 2)
    }

    @Test("A signature that has no 32 bytes costs no call") func malformedSignature() throws {
        let harness = try WebhookHarness()
        for signature in ["", "zz", "sha256=", String(repeating: "0", count: 62), String(repeating: "0", count: 66)] {
            let answer = try harness.send(WebhookRequest(headers: ["x-sf-signature": signature]))
            #expect((answer.status, answer.code) == (401, "INVALID_SIGNATURE"))
        }
        #expect(harness.network.requests.isEmpty)
    }

    /// The sender retries.
    @Test("Each call is made once", arguments: ["GetParameters", "TransactWriteItems", "PutEvents"])
    func oneTry(_ action: String) throws {
        let harness = try WebhookHarness()
        let answers: [Result<Response, HTTPFailure>] = [
            .unreachable, .lost, .timedOut, .answer(503), .answer(429),
            .answer(400, #"{"__type":"ThrottlingException"}"#),
        ]
        for (number, answer) in answers.enumerated() {
            harness.network.before = { $0.action == action ? answer : nil }
            let before = harness.network.requests.count
            let status = try harness.send(WebhookRequest().again(number)).status
            #expect(status == (action == "PutEvents" ? 202 : 503), "\(answer)")
            // The first accepts the order; the others repeat it, and publish nothing.
            let sent = harness.network.requests.dropFirst(before).count { $0.action == action }
            #expect(sent == (action == "PutEvents" && number > 0 ? 0 : 1), "\(answer)")
        }
        #expect(harness.network.waits.isEmpty)
    }

    @Test("A transaction in conflict with another one is made again") func conflict() throws {
        let harness = try WebhookHarness()
        var conflicts = 2
        harness.network.before = { request in
            guard request.action == "TransactWriteItems", conflicts > 0 else { return nil }
            conflicts -= 1
            return .answer(
                400,
                #"{"__type":"TransactionCanceledException","CancellationReasons":"#
                    + #"[{"Code":"None"},{"Code":"None"},{"Code":"TransactionConflict"}]}"#)
        }
        #expect(try harness.send(WebhookRequest()).body == .accepted())
        conflicts = 3
        Self.expectUnavailable(try harness.send(WebhookRequest().again(2)))
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
            ("5d41402abc4b2a76", "the webhook secret has fewer than 32 bytes; replace it with a random secret"),
        ] as [(String?, String)])
    func unusableSecret(_ secret: String?, _ message: String) throws {
        let harness = try WebhookHarness(secret: secret)
        #expect(throws: FunctionError("Configuration", message)) { try harness.start() }
        Self.expectUnavailable(try harness.send(WebhookRequest(secret: secret ?? "")))
        let status = try StatusHarness(secret: secret)
        #expect(throws: FunctionError("Configuration", message)) { try status.start() }
        #expect(try status.get(ReadRequest(secret: secret ?? "")).status == 503)
    }

    /// The endpoint is not on this machine.
    @Test("The testbed's secret is refused by AWS's Parameter Store") func testbedSecret() throws {
        let endpoints = ["SSM": "https://ssm.eu-west-1.amazonaws.com"]
        let harness = try WebhookHarness(secret: TestbedSecrets.webhook, endpoints: endpoints)
        harness.network.before = { request in
            guard request.action == "GetParameters" else { return nil }
            let name = harness.aws.parameter("webhook-secret")
            let parameter: JSON = ["Name": .string(name), "Value": .string(TestbedSecrets.webhook)]
            return .success(Response(status: 200, body: JSON.object(["Parameters": [parameter]]).bytes))
        }
        #expect(throws: FunctionError.self) { try harness.start() }
        Self.expectUnavailable(try harness.send(WebhookRequest(secret: TestbedSecrets.webhook)))
        #expect(try harness.aws.keys() == [])
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
