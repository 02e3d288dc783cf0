import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// Requests that use an idempotency key or a nonce again.
@Suite struct ReplayTests {
    private static let otherOrder = WebhookRequest(
        path: Seed.otherOrder, orderID: Seed.otherOrder, nonce: "another-nonce-02")

    /// A valid request has been accepted.
    private let harness: WebhookHarness
    private let first: GatewayAnswer

    init() throws {
        harness = try WebhookHarness()
        first = try harness.send(WebhookRequest())
    }

    @Test("A nonce expires after twice the tolerance, an idempotency key after a day") func expiry() throws {
        let expiries = try harness.aws.keys().filter { !$0.hasPrefix("order#") }.map { key in
            [String(key.prefix { $0 != "#" }), try harness.aws.item(key)?["expiresAt"]?.stringOrNumber]
        }
        #expect(
            expiries == [["key", String(1_795_169_730 + 86_400 + 1)], ["nonce", String(1_795_169_730 + 600 + 1)]])
    }

    // MARK: Idempotency keys

    @Test("The same idempotency key returns the first answer") func sameKey() throws {
        #expect(try harness.aws.takeEvents().count == 1)
        // Whatever has become of the order since.
        try harness.aws.set("order#\(Seed.order)", ["status": "Failed"])
        let second = try harness.send(WebhookRequest(nonce: "another-nonce-02"))
        #expect(second.status == first.status)
        #expect(second.text == first.text)
        #expect(second.headers["Idempotency-Replayed"] == "true")
        #expect(first.headers["Idempotency-Replayed"] == nil)
        #expect(try harness.aws.takeEvents() == [])
        #expect(try harness.aws.order(Seed.order)["attempt"] == 1)
    }

    /// Two clicks, and later a retry of the second, whose answer was lost.
    @Test(
        "The idempotency key of a duplicate requests nothing later",
        arguments: [("Activating", 202), ("Provisioned", 200)] as [(String, Int)])
    func keyOfDuplicate(_ status: String, _ code: Int) throws {
        try harness.aws.set("order#\(Seed.order)", ["status": .string(status), "attempt": 1])
        let duplicate = try harness.send(WebhookRequest(nonce: "another-nonce-02", key: "key-2"))
        #expect(duplicate.status == code)
        try harness.aws.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1])
        let retry = try harness.send(WebhookRequest(nonce: "another-nonce-03", key: "key-2"))
        #expect((retry.status, retry.text) == (duplicate.status, duplicate.text))
        #expect(retry.headers["Idempotency-Replayed"] == "true")
        #expect(try harness.aws.order(Seed.order)["status"] == "Failed")
    }

    /// Salesforce may show Failed before the ledger does, and an operator then requests the order again.
    @Test("A request during the report of a failure uses up nothing, and succeeds after it") func duringReport() throws
    {
        try harness.aws.set("order#\(Seed.order)", ["status": "Activating", "step": "sf_failure_update", "attempt": 1])
        let request = WebhookRequest(nonce: "another-nonce-02", key: "key-2")
        #expect(try harness.send(request).status == 503)
        try harness.aws.set("order#\(Seed.order)", ["status": "Failed", "attempt": 1])
        let accepted = try harness.send(request)
        #expect((accepted.status, accepted.body) == (202, .accepted(2)))
    }

    @Test("The same idempotency key for another order is refused") func keyOfAnotherOrder() throws {
        let answer = try harness.send(Self.otherOrder)
        #expect((answer.status, answer.code) == (422, "IDEMPOTENCY_KEY_REUSED"))
        #expect(try harness.aws.order(Seed.otherOrder) == [:])
        #expect(try harness.aws.takeEvents().count == 1)
    }

    /// DynamoDB may not have deleted the claim yet.
    @Test("An expired idempotency key may be used for another order") func expiredKey() throws {
        harness.network.now += 86_402_000
        var request = Self.otherOrder
        request.timestamp = "1795256132"
        #expect(try harness.send(request).status == 202)
        #expect(try harness.aws.order(Seed.otherOrder)["status"] == "Accepted")
    }

    // MARK: Nonces

    @Test("The same bytes are refused") func sameBytes() throws {
        let answer = try harness.send(WebhookRequest())
        #expect((answer.status, answer.code) == (401, "NONCE_REUSED"))
        #expect(try harness.aws.takeEvents().count == 1)
    }

    @Test(
        "A request that changes nothing uses its nonce up",
        arguments: [
            WebhookRequest(nonce: "another-nonce-02"), otherOrder,
            WebhookRequest(nonce: "another-nonce-02", key: "key-2"),
        ])
    func nonceOfDuplicate(_ request: WebhookRequest) throws {
        #expect(try harness.send(request).code != "NONCE_REUSED")
        let answer = try harness.send(request)
        #expect((answer.status, answer.code) == (401, "NONCE_REUSED"))
    }

    /// The timestamp of the first request is stale by then.
    @Test("An expired nonce may be used again") func expiredNonce() throws {
        harness.network.now += 602_000
        let answer = try harness.send(WebhookRequest(timestamp: "1795170332", key: "key-2"))
        #expect(answer.body == .accepted())
    }
}
