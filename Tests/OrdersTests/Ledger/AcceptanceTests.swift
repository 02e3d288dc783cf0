import Basics
import HTTP
import JSON
import Testbed
import Testing

@testable import Orders

/// What becomes of a valid request: the state of the ledger decides.
@Suite struct AcceptanceTests {
    @Test("A new order is recorded, published and answered") func newOrder() throws {
        let harness = try WebhookHarness()
        let answer = try harness.send(WebhookRequest())
        #expect(answer.status == 202)
        #expect(answer.body == .accepted())
        #expect(answer.headers == ["Content-Type": "application/json"])
        let order = try harness.aws.order(Seed.order)
        #expect(
            order == [
                "pk": .string("order#\(Seed.order)"), "status": "Accepted", "attempt": 1, "tries": 0, "open": "1",
                "dueAt": .milliseconds(.requestTime + 60_000),
                "requestedAt": .milliseconds(.requestTime), "updatedAt": .milliseconds(.requestTime),
                "correlationId": "api-1",
                "history": [["at": .milliseconds(.requestTime), "status": "Accepted", "attempt": 1]],
            ])
        let event = try #require(try harness.aws.takeEvents().first)
        #expect((event["source"], event["detail-type"]) == ("salesforce.orders", "OrderProvisionRequested"))
        #expect(
            event["detail"] == [
                "orderId": .string(Seed.order), "attempt": 1, "correlationId": "api-1",
                "requestedAt": "2026-11-20T10:15:30.000Z",
            ])
        #expect(try harness.aws.takeEvents() == [])
    }

    @Test(
        "A duplicate is answered with the order's status",
        arguments: [("Accepted", 202), ("Activating", 202), ("Provisioned", 200)] as [(String, Int)])
    func duplicate(_ status: String, _ code: Int) throws {
        let harness = try WebhookHarness()
        try harness.aws.set("order#\(Seed.order)", ["status": .string(status), "attempt": 4])
        let before = try harness.aws.order(Seed.order)
        let answer = try harness.send(WebhookRequest())
        #expect(answer.status == code)
        #expect(answer.body == .accepted(4, status))
        #expect(answer.headers["Idempotency-Replayed"] == nil)
        #expect(try harness.aws.takeEvents() == [])
        #expect(try harness.aws.order(Seed.order) == before)
    }

    /// The new request clears what the failed one left, except what WHMCS has of the order.
    @Test("A Failed order is accepted again", arguments: [nil, 1001] as [Int?])
    func failedOrder(_ whmcsOrder: Int?) throws {
        let harness = try WebhookHarness()
        let plan: JSON = ["clientId": 1234, "items": []]
        var failed: [String: JSON] = [
            "status": "Failed", "attempt": 1, "tries": 12, "step": "sf_failure_update", "plan": plan,
            "addOrder": "sent", "addOrderAttempt": 1, "errorCode": "CLIENT_CLOSED", "errorMessage": "closed",
            "history": [["status": "Failed"]], "requestedAt": 1,
        ]
        failed["whmcsOrderId"] = whmcsOrder.map { .number($0) }
        try harness.aws.set("order#\(Seed.order)", failed)
        let answer = try harness.send(WebhookRequest())
        #expect(answer.status == 202)
        #expect(answer.body == .accepted(2))
        let order = try harness.aws.order(Seed.order)
        #expect((order["status"], order["attempt"], order["tries"], order["open"]) == ("Accepted", 2, 0, "1"))
        #expect(order["errorCode"] == nil && order["errorMessage"] == nil && order["step"] == nil)
        #expect(order["plan"] == (whmcsOrder == nil ? nil : plan))
        #expect((order["addOrder"], order["addOrderAttempt"]) == ("sent", 1))
        #expect(order["history"]?.array?.count == 2)
        #expect(order["requestedAt"]?.timestamp == .requestTime, "a request of its own")
        #expect(try harness.aws.takeEvents().map { $0["detail"]?["attempt"] } == [2])
    }

    /// In ms; how long after the failure the operator clicked. Salesforce has whole seconds.
    @Test(
        "A request from before the failure is no new request",
        arguments: [(-90_000, false), (-1_000, false), (-999, true), (0, true), (5_000, true)])
    func requestBeforeFailure(_ clicked: Milliseconds, _ isNew: Bool) throws {
        for isInBody in [false, true] {
            let harness = try WebhookHarness()
            // It waited in Salesforce, and was signed when it was sent.
            harness.network.now = .requestTime + 60_000
            let failedAt: Timestamp = .requestTime - clicked
            try harness.aws.set(
                "order#\(Seed.order)",
                [
                    "status": "Failed", "attempt": 1, "errorCode": "WHMCS_OUTCOME_UNKNOWN", "addOrder": "sent",
                    "updatedAt": .milliseconds(failedAt + 90_000), "endedAt": .milliseconds(failedAt),
                ])
            var request = WebhookRequest()
            if isInBody {
                request.body = Array(
                    #"{"orderId":"\#(Seed.order)","timestamp":"2026-11-20T10:16:30Z","requestedAt":"\#(request.timestamp)","nonce":"\#(request.nonce)"}"#
                        .utf8)
                request.timestamp = "2026-11-20T10:16:30Z"
            }
            let answer = try harness.send(request)
            #expect((answer.status, answer.body) == (202, isNew ? .accepted(2) : .accepted(1, "Failed")))
            #expect(try harness.aws.order(Seed.order)["status"] == (isNew ? "Accepted" : "Failed"))
            #expect(try harness.aws.takeEvents().count == (isNew ? 1 : 0))
        }
    }

    /// An item has at most 400 KB, and an operator may click for years.
    @Test("The history keeps the last 100 entries", arguments: [(98, 99), (99, 100), (100, 100), (250, 100)])
    func boundedHistory(_ before: Int, _ after: Int) throws {
        let harness = try WebhookHarness()
        let history = (1...before).map { JSON.object(["status": "Failed", "attempt": .number($0)]) }
        try harness.aws.set(
            "order#\(Seed.order)",
            ["status": "Failed", "attempt": .number(before), "requestedAt": 1, "history": .array(history)])
        #expect(try harness.send(WebhookRequest()).status == 202)
        let kept = try #require(try harness.aws.order(Seed.order)["history"]?.array)
        #expect(kept.count == after)
        #expect(kept.compactMap { $0["attempt"]?.integer } == Array((before + 2 - after)...(before + 1)))
        #expect(kept.last?["status"] == "Accepted")
    }

    // MARK: Concurrent requests and lost answers

    /// The second request is handled while the transaction of the first is under way.
    @Test("Two concurrent requests publish one event") func concurrentRequests() throws {
        let aws = try SimulatedAccount()
        let first = try WebhookHarness(aws: aws)
        let second = try WebhookHarness(aws: aws)
        var other: GatewayAnswer?
        first.network.before = { request in
            if request.action == "TransactWriteItems", other == nil {
                other = try? second.send(WebhookRequest().again(2))
            }
            return nil
        }
        let answer = try first.send(WebhookRequest())
        #expect(other?.status == 202)
        #expect((answer.status, answer.body) == (202, .accepted()))
        #expect(try aws.takeEvents().count == 1)
        #expect(try aws.order(Seed.order)["attempt"] == 1)
    }

    @Test("Two concurrent requests of a Failed order make one new request") func concurrentRequestsAfterFailure() throws
    {
        let aws = try SimulatedAccount()
        try aws.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1])
        let first = try WebhookHarness(aws: aws)
        let second = try WebhookHarness(aws: aws)
        var transactions = 0
        first.network.before = { request in
            if request.action == "TransactWriteItems" { transactions += 1 }
            // The first transaction finds that the order has failed; the second requests it again.
            if request.action == "TransactWriteItems", transactions == 2 {
                _ = try? second.send(WebhookRequest().again(2))
            }
            return nil
        }
        let answer = try first.send(WebhookRequest())
        #expect((answer.status, answer.body) == (202, .accepted(2)))
        #expect(try aws.takeEvents().map { $0["detail"]?["attempt"] } == [2])
    }

    /// libcurl sends a request again on a new connection when the server has closed the old one. Here DynamoDB has carried it
    /// out before that.
    @Test("A request recognises its own claims", arguments: [false, true]) func sentTwice(_ hadFailed: Bool) throws {
        let harness = try WebhookHarness()
        if hadFailed { try harness.aws.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1]) }
        var copies = 0
        harness.network.before = { request in
            guard request.action == "TransactWriteItems", copies == 0 else { return nil }
            copies += 1
            _ = try? HTTPClient.live().send(request)
            return nil
        }
        let answer = try harness.send(WebhookRequest())
        #expect((answer.status, answer.body) == (202, .accepted(hadFailed ? 2 : 1)))
        #expect(try harness.aws.takeEvents().count == 1)
        #expect(try harness.send(WebhookRequest()).code == "NONCE_REUSED")
    }

    @Test("After a lost answer the sender's retry gets the answer, and recovery publishes") func lostAnswer() throws {
        let harness = try WebhookHarness()
        harness.network.after = { $0.action == "TransactWriteItems" ? .lost : $1 }
        #expect(try harness.send(WebhookRequest()).status == 503)
        harness.network.after = { $1 }
        let retry = try harness.send(WebhookRequest(nonce: "another-nonce-02"))
        #expect((retry.status, retry.body) == (202, .accepted()))
        #expect(retry.headers["Idempotency-Replayed"] == "true")
        #expect(try harness.aws.takeEvents() == [])
        let order = try harness.aws.order(Seed.order)
        #expect((order["open"], order["dueAt"]?.timestamp) == ("1", .requestTime + 60_000))
    }
}
