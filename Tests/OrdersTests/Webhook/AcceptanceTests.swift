import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// What becomes of a good request: by what the ledger holds already.
@Suite struct AcceptanceTests {
    @Test func aNewOrderIsRecordedAnnouncedAndAnswered() throws {
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
                "updatedAt": .milliseconds(.requestTime), "correlationId": "api-1",
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

    /// The nonce lives twice the tolerance, the key a day; DynamoDB wants seconds.
    @Test func nonceAndKeyExpire() throws {
        let harness = try WebhookHarness()
        _ = try harness.send(WebhookRequest())
        let expiries = try harness.aws.keys().filter { !$0.hasPrefix("order#") }.map { key in
            [String(key.prefix { $0 != "#" }), try harness.aws.item(key)?["expiresAt"]?.stringOrNumber]
        }
        #expect(
            expiries == [["key", String(1_795_169_730 + 86_400 + 1)], ["nonce", String(1_795_169_730 + 600 + 1)]])
    }

    @Test func theSameKeyGetsTheFirstAnswerAgain() throws {
        let harness = try WebhookHarness()
        let first = try harness.send(WebhookRequest())
        #expect(try harness.aws.takeEvents().count == 1)
        // Whatever has become of the order meanwhile.
        try harness.aws.set("order#\(Seed.order)", ["status": "Failed"])
        let second = try harness.send(WebhookRequest(nonce: "another-nonce-02"))
        #expect(second.status == first.status)
        #expect(second.text == first.text)
        #expect(second.headers["Idempotency-Replayed"] == "true")
        #expect(first.headers["Idempotency-Replayed"] == nil)
        #expect(try harness.aws.takeEvents() == [])
        #expect(try harness.aws.order(Seed.order)["attempt"] == 1)
    }

    @Test func theSameKeyForAnotherOrderIsRefused() throws {
        let harness = try WebhookHarness()
        _ = try harness.send(WebhookRequest())
        let answer = try harness.send(
            WebhookRequest(path: Seed.otherOrder, orderID: Seed.otherOrder, nonce: "another-nonce-02"))
        #expect((answer.status, answer.code) == (422, "IDEMPOTENCY_KEY_REUSED"))
        #expect(try harness.aws.order(Seed.otherOrder) == [:])
        #expect(try harness.aws.takeEvents().count == 1)
    }

    /// A day later the key is anybody's, even when DynamoDB has not deleted the item yet.
    @Test func anExpiredKeyIsFree() throws {
        let harness = try WebhookHarness()
        _ = try harness.send(WebhookRequest())
        harness.network.now += 86_402_000
        let answer = try harness.send(
            WebhookRequest(
                path: Seed.otherOrder, orderID: Seed.otherOrder, timestamp: "1795256132", nonce: "another-nonce-02"))
        #expect(answer.status == 202)
        #expect(try harness.aws.order(Seed.otherOrder)["status"] == "Accepted")
    }

    @Test(arguments: [("Accepted", 202), ("Activating", 202), ("Provisioned", 200)] as [(String, Int)])
    func anotherKeyTellsHowTheOrderStands(_ status: String, _ code: Int) throws {
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

    /// Everything the failed attempt left is cleared; what WHMCS has of the order is not.
    @Test(arguments: [nil, 1001] as [Int?])
    func aFailedOrderIsAcceptedAgain(_ whmcsOrder: Int?) throws {
        let harness = try WebhookHarness()
        let plan: JSON = ["clientId": 1234, "items": []]
        var failed: [String: JSON] = [
            "status": "Failed", "attempt": 1, "tries": 12, "step": "sf_failure_update", "plan": plan,
            "addOrder": "sent", "addOrderAttempt": 1, "errorCode": "CLIENT_CLOSED", "errorMessage": "closed",
            "history": [["status": "Failed"]],
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
        #expect(try harness.aws.takeEvents().map { $0["detail"]?["attempt"] } == [2])
    }

    // MARK: Nonces

    @Test func theSameBytesAreRefused() throws {
        let harness = try WebhookHarness()
        _ = try harness.send(WebhookRequest())
        let answer = try harness.send(WebhookRequest())
        #expect((answer.status, answer.code) == (401, "NONCE_REUSED"))
        #expect(try harness.aws.takeEvents().count == 1)
    }

    /// A request that changed nothing has used its nonce all the same.
    @Test(arguments: [
        WebhookRequest(nonce: "another-nonce-02"),
        WebhookRequest(path: Seed.otherOrder, orderID: Seed.otherOrder, nonce: "another-nonce-02"),
        WebhookRequest(nonce: "another-nonce-02", key: "click-2"),
    ])
    func theBytesOfARefusedRequestAreRefusedToo(_ click: WebhookRequest) throws {
        let harness = try WebhookHarness()
        _ = try harness.send(WebhookRequest())
        #expect(try harness.send(click).code != "NONCE_REUSED")
        let answer = try harness.send(click)
        #expect((answer.status, answer.code) == (401, "NONCE_REUSED"))
    }

    /// Its time is over when its timestamp's is, so nothing is lost by forgetting it.
    @Test func anExpiredNonceIsFree() throws {
        let harness = try WebhookHarness()
        _ = try harness.send(WebhookRequest())
        harness.network.now += 602_000
        let answer = try harness.send(WebhookRequest(timestamp: "1795170332", key: "click-2"))
        #expect(answer.body == .accepted())
    }

    // MARK: Races and lost answers

    /// Both read that the order is new; the transaction decides. The second click comes in whole while the first one's
    /// transaction is on its way.
    @Test func twoClicksAtOnceMakeOneEvent() throws {
        let aws = try MotoAccount()
        let first = try WebhookHarness(aws: aws)
        let second = try WebhookHarness(aws: aws)
        var other: Answer?
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

    /// The same with an order that had failed: one new attempt, not two.
    @Test func twoClicksAtOnceAfterAFailureMakeOneAttempt() throws {
        let aws = try MotoAccount()
        try aws.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1])
        let first = try WebhookHarness(aws: aws)
        let second = try WebhookHarness(aws: aws)
        var transactions = 0
        first.network.before = { request in
            if request.action == "TransactWriteItems" { transactions += 1 }
            // The one that follows the look at the failed order.
            if request.action == "TransactWriteItems", transactions == 2 {
                _ = try? second.send(WebhookRequest().again(2))
            }
            return nil
        }
        let answer = try first.send(WebhookRequest())
        #expect((answer.status, answer.body) == (202, .accepted(2)))
        #expect(try aws.takeEvents().map { $0["detail"]?["attempt"] } == [2])
    }

    /// The transaction was carried out and its answer lost; sent again it meets its own traces, which are not a replay.
    @Test(arguments: [false, true]) func aLostAnswerIsNoReplay(_ hadFailed: Bool) throws {
        let harness = try WebhookHarness()
        if hadFailed { try harness.aws.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1]) }
        var losses = 0
        harness.network.after = { request, answer in
            guard request.action == "TransactWriteItems", case .success(let response) = answer, response.status == 200
            else { return answer }
            losses += 1
            return losses == 1 ? .lost : answer
        }
        let answer = try harness.send(WebhookRequest())
        #expect(losses == 1)
        #expect(answer.status == 202)
        #expect(answer.body == .accepted(hadFailed ? 2 : 1))
        #expect(try harness.aws.takeEvents().count == 1)
        #expect(try harness.send(WebhookRequest()).code == "NONCE_REUSED")
    }
}
