import Basics
import Foundation
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// GET /orders/{sfOrderId}
@Suite struct OrderStatusTests {
    @Test("The status is returned for an id of 15 or 18 characters", arguments: [Seed.order, "801Dn0000014UPa"])
    func status(_ id: String) throws {
        let harness = try StatusHarness()
        try harness.aws.set(
            "order#\(Seed.order)",
            [
                "status": "Failed", "attempt": 2, "step": "whmcs_create", "whmcsOrderId": 1001,
                "errorCode": "WHMCS_REJECTED", "errorMessage": "for the operator", "leaseOwner": "me",
                "plan": ["clientId": 1234, "items": []], "updatedAt": .milliseconds(.requestTime),
            ])
        let answer = try harness.get("/orders/\(id)", order: id)
        #expect(answer.status == 200)
        #expect(answer.headers == ["Content-Type": "application/json", "Cache-Control": "no-store"])
        #expect(
            answer.body == [
                "orderId": .string(Seed.order), "status": "Failed", "attempt": 2, "step": "whmcs_create",
                "whmcsOrderId": 1001, "errorCode": "WHMCS_REJECTED", "updatedAt": "2026-11-20T10:15:30.000Z",
            ])
    }

    @Test("What a new order does not have yet is null") func newOrder() throws {
        let harness = try StatusHarness()
        #expect(try WebhookHarness(aws: harness.aws).send(WebhookRequest()).status == 202)
        let sample = try Data(contentsOf: packageRoot.appending(path: "events/status.json"))
        let answer = try harness.handle([UInt8](sample))
        #expect(
            answer.body == [
                "orderId": .string(Seed.order), "status": "Accepted", "attempt": 1, "step": .null,
                "whmcsOrderId": .null, "errorCode": .null, "updatedAt": "2026-11-20T10:15:30.000Z",
            ])
    }

    @Test(
        "A wrong method, id or order is refused",
        arguments: [
            ("GET", Seed.otherOrder, 404, "ORDER_NOT_FOUND"),
            ("GET", "801", 400, "INVALID_REQUEST"),
            ("GET", "801Dn0000014UPaIAN", 400, "INVALID_REQUEST"),
            ("GET", nil, 400, "INVALID_REQUEST"),
            ("POST", Seed.order, 405, "METHOD_NOT_ALLOWED"),
            ("DELETE", Seed.order, 405, "METHOD_NOT_ALLOWED"),
        ] as [(String, String?, Int, String)])
    func refused(_ method: String, _ id: String?, _ status: Int, _ code: String) throws {
        let harness = try StatusHarness()
        let answer = try harness.get("/orders/\(id ?? "")", order: id, method: method)
        #expect((answer.status, answer.code) == (status, code))
        #expect((answer.body["requestId"], answer.body["status"]?.integer) == ("api-1", status))
        #expect(answer.headers["Content-Type"] == "application/problem+json")
        #expect(answer.headers["Cache-Control"] == "no-store")
        #expect(answer.headers["Allow"] == (status == 405 ? "GET" : nil))
    }

    @Test("Without a ledger the portal gets 503") func unreachableLedger() throws {
        let closed = try ClosedPort()
        let harness = try StatusHarness(endpoints: ["DYNAMODB": "http://127.0.0.1:\(closed.port)"])
        let answer = try harness.get("/orders/\(Seed.order)", order: Seed.order)
        #expect((answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE"))
        #expect(answer.headers["Retry-After"] == "5")
        #expect(answer.detail == "the status cannot be read now")
    }
}
