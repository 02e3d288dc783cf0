import Basics
import JSON
import Testbed
import Testing

@testable import Orders

@Suite struct LedgerOrderTests {
    private static let key = "order#\(Seed.order)"

    @Test("An order needs a key and a status only") func minimal() throws {
        let order = try #require(LedgerOrder(["pk": .string(Self.key), "status": "Accepted"]))
        #expect(order.id.text == Seed.order)
        #expect(order.status == .accepted)
        #expect((order.requestNumber, order.attempts, order.addOrder) == (1, 0, .none))
        #expect(order.step == nil && order.plan == nil && order.whmcsOrderID == nil && order.errorCode == nil)
        #expect(order.whmcsServiceIDs.isEmpty)
    }

    @Test("All attributes of an order are read") func complete() throws {
        let order = try #require(
            LedgerOrder([
                "pk": .string(Self.key), "status": "Failed", "attempt": 3, "tries": 12, "step": "sf_failure_update",
                "plan": ["clientId": 1234, "items": []], "addOrder": "sent", "addOrderAt": 1_795_169_730_000,
                "addOrderAttempt": 2, "whmcsOrderId": 1001, "whmcsServiceIds": [1002, 1003], "leaseOwner": "me",
                "leaseUntil": 1_795_169_850_000, "open": "1", "dueAt": 1_795_169_850_001, "errorCode": "CLIENT_CLOSED",
                "errorMessage": "closed", "lastEvent": "e", "correlationId": "c", "updatedAt": 1_795_169_730_002,
                "addOrderSends": 2, "lateUntil": 1_795_169_850_003, "endedAt": 1_795_169_850_004,
                "requestedAt": 1_795_169_730_001, "history": [["status": "Accepted"], ["status": "Failed"]],
                "attributeOfALaterVersion": true,
            ]))
        #expect((order.status, order.requestNumber, order.attempts, order.step) == (.failed, 3, 12, .failureUpdate))
        #expect(order.plan == Plan(clientID: 1234, items: []))
        #expect((order.addOrder, order.addOrderAt, order.addOrderRequestNumber) == (.sent, 1_795_169_730_000, 2))
        #expect((order.whmcsOrderID, order.whmcsServiceIDs) == (1001, [1002, 1003]))
        #expect((order.addOrderSends, order.dueAt) == (2, 1_795_169_850_001))
        #expect((order.unconfirmedUntil, order.endedAt) == (1_795_169_850_003, 1_795_169_850_004))
        #expect((order.requestedAt, order.history.count) == (1_795_169_730_001, 2))
        #expect((order.errorCode, order.errorMessage) == ("CLIENT_CLOSED", "closed"))
        #expect((order.platformEventID, order.correlationID, order.updatedAt) == ("e", "c", 1_795_169_730_002))
    }

    /// Each row: status, and the time from which an alarm counts; an order of an earlier version has no `requestedAt`.
    @Test(
        "An order waits since its request, and after its end since that",
        arguments: [
            ("Accepted", ["requestedAt": 10, "updatedAt": 30], 10),
            ("Activating", ["requestedAt": 10, "updatedAt": 30], 10),
            ("Activating", ["requestedAt": 10, "endedAt": 20, "updatedAt": 30], 10),
            ("Provisioned", ["requestedAt": 10, "endedAt": 20, "updatedAt": 30], 20),
            ("Failed", ["requestedAt": 10, "endedAt": 20, "updatedAt": 30], 20),
            ("Activating", ["updatedAt": 30], 30), ("Provisioned", ["updatedAt": 30], 30),
        ] as [(String, [String: JSON], Timestamp)])
    func waitingSince(_ status: String, _ times: [String: JSON], _ expected: Timestamp) throws {
        let item: [String: JSON] = ["pk": .string(Self.key), "status": .string(status)]
        #expect(try #require(LedgerOrder(item.merging(times) { $1 })).waitingSince == expected)
    }

    /// An unknown value must not read as "AddOrder was never sent".
    @Test(
        "An item that is not a valid order is unreadable",
        arguments: [
            [:], ["pk": .string(key)], ["status": "Accepted"], ["pk": .string(key), "status": "Done"],
            ["pk": "order#x", "status": "Accepted"], ["pk": .string("nonce#\(Seed.order)"), "status": "Accepted"],
            ["pk": .string(key), "status": "Activating", "addOrder": "doubtful"],
            ["pk": .string(key), "status": "Activating", "addOrder": 1],
        ] as [[String: JSON]])
    func unreadable(_ item: [String: JSON]) {
        #expect(LedgerOrder(item) == nil)
    }

    @Test(
        "An order has ended when it is Provisioned or Failed",
        arguments: [("Accepted", false), ("Activating", false), ("Provisioned", true), ("Failed", true)])
    func hasEnded(_ status: String, _ hasEnded: Bool) throws {
        let order = try #require(LedgerOrder(["pk": .string(Self.key), "status": .string(status)]))
        #expect(order.hasEnded == hasEnded)
    }

    /// Only for that request: an operator who requests again has checked WHMCS.
    @Test(
        "AddOrder is in doubt for the request that sent it",
        arguments: [("sent", 2, true), ("sent", 1, false), ("added", 2, false), ("none", 2, false)])
    func inDoubt(_ addOrder: String, _ sentFor: Int, _ isInDoubt: Bool) throws {
        let order = try #require(
            LedgerOrder([
                "pk": .string(Self.key), "status": "Activating", "attempt": 2, "addOrder": .string(addOrder),
                "addOrderAttempt": .number(sentFor),
            ]))
        #expect(order.isAddOrderInDoubt == isInDoubt)
    }

    @Test("The report for a signed reader holds no plan") func report() throws {
        let order = try #require(
            LedgerOrder([
                "pk": .string(Self.key), "status": "Failed", "errorCode": "CLIENT_CLOSED",
                "errorMessage": "it is closed",
                "plan": ["clientId": 1234, "items": []], "updatedAt": 1_795_169_730_000,
            ]))
        #expect(
            order.report == [
                "orderId": .string(Seed.order), "status": "Failed", "attempt": 1, "step": .null,
                "whmcsOrderId": .null, "errorCode": "CLIENT_CLOSED", "errorMessage": "it is closed",
                "updatedAt": "2026-11-20T10:15:30.000Z",
            ])
    }
}
