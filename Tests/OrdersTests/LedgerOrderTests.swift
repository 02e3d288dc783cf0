import JSON
import Testbed
import Testing

@testable import Orders

@Suite struct LedgerOrderTests {
    private static let key = "order#\(Seed.order)"

    @Test func readsTheLeastThatAnOrderIs() throws {
        let order = try #require(LedgerOrder(["pk": .string(Self.key), "status": "Accepted"]))
        #expect(order.id.text == Seed.order)
        #expect(order.status == .accepted)
        #expect((order.requestNumber, order.attempts, order.addOrder) == (1, 0, .none))
        #expect(order.step == nil && order.plan == nil && order.whmcsOrderID == nil && order.errorCode == nil)
        #expect(order.whmcsServiceIDs.isEmpty)
    }

    @Test func readsAllOfIt() throws {
        let order = try #require(
            LedgerOrder([
                "pk": .string(Self.key), "status": "Failed", "attempt": 3, "tries": 12, "step": "sf_failure_update",
                "plan": ["clientId": 1234, "items": []], "addOrder": "sent", "addOrderAt": 1_795_169_730_000,
                "addOrderAttempt": 2, "whmcsOrderId": 1001, "whmcsServiceIds": [1002, 1003], "leaseOwner": "me",
                "leaseUntil": 1_795_169_850_000, "open": "1", "dueAt": 1_795_169_850_001, "errorCode": "CLIENT_CLOSED",
                "errorMessage": "closed", "lastEvent": "e", "correlationId": "c", "updatedAt": 1_795_169_730_002,
                "somethingNewer": true,
            ]))
        #expect((order.status, order.requestNumber, order.attempts, order.step) == (.failed, 3, 12, .failureUpdate))
        #expect(order.plan == Plan(clientID: 1234, items: []))
        #expect((order.addOrder, order.addOrderAt, order.addOrderRequestNumber) == (.sent, 1_795_169_730_000, 2))
        #expect((order.whmcsOrderID, order.whmcsServiceIDs) == (1001, [1002, 1003]))
        #expect(order.dueAt == 1_795_169_850_001)
        #expect((order.errorCode, order.errorMessage) == ("CLIENT_CLOSED", "closed"))
        #expect((order.platformEventID, order.correlationID, order.updatedAt) == ("e", "c", 1_795_169_730_002))
    }

    /// Nothing may be concluded from an item that cannot be read, least of all that AddOrder was never sent.
    @Test(
        arguments: [
            [:], ["pk": .string(key)], ["status": "Accepted"], ["pk": .string(key), "status": "Done"],
            ["pk": "order#x", "status": "Accepted"], ["pk": .string("nonce#\(Seed.order)"), "status": "Accepted"],
            ["pk": .string(key), "status": "Activating", "addOrder": "doubtful"],
            ["pk": .string(key), "status": "Activating", "addOrder": 1],
        ] as [[String: JSON]])
    func readsNothingElse(_ item: [String: JSON]) {
        #expect(LedgerOrder(item) == nil)
    }

    @Test func thePortalSeesNoMessage() throws {
        let order = try #require(
            LedgerOrder([
                "pk": .string(Self.key), "status": "Failed", "errorCode": "CLIENT_CLOSED", "errorMessage": "private",
                "plan": ["clientId": 1234, "items": []], "updatedAt": 1_795_169_730_000,
            ]))
        #expect(
            order.publicStatus == [
                "orderId": .string(Seed.order), "status": "Failed", "attempt": 1, "step": .null,
                "whmcsOrderId": .null, "errorCode": "CLIENT_CLOSED", "updatedAt": "2026-11-20T10:15:30.000Z",
            ])
    }
}
