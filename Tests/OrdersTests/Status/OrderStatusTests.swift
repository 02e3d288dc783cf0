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
        let answer = try harness.get(ReadRequest(order: id))
        #expect(answer.status == 200)
        #expect(answer.headers == ["Content-Type": "application/json", "Cache-Control": "no-store"])
        #expect(
            answer.body == [
                "orderId": .string(Seed.order), "status": "Failed", "attempt": 2, "step": "whmcs_create",
                "whmcsOrderId": 1001, "errorCode": "WHMCS_REJECTED", "errorMessage": "for the operator",
                "updatedAt": "2026-11-20T10:15:30.000Z",
            ])
    }

    @Test("What a new order does not have yet is null") func newOrder() throws {
        let harness = try StatusHarness(secret: TestbedSecrets.webhook)
        let click = WebhookRequest(secret: TestbedSecrets.webhook)
        #expect(try WebhookHarness(secret: nil, aws: harness.aws).send(click).status == 202)
        let sample = try Data(contentsOf: packageRoot.appending(path: "events/status.json"))
        let answer = try harness.handle([UInt8](sample))
        #expect(
            answer.body == [
                "orderId": .string(Seed.order), "status": "Accepted", "attempt": 1, "step": .null,
                "whmcsOrderId": .null, "errorCode": .null, "errorMessage": .null,
                "updatedAt": "2026-11-20T10:15:30.000Z",
            ])
    }

    @Test(
        "A wrong method, id, order or route is refused",
        arguments: [
            (ReadRequest(order: Seed.otherOrder), 404, "ORDER_UNKNOWN"),
            (ReadRequest(order: "801"), 400, "INVALID_REQUEST"),
            (ReadRequest(order: "801Dn0000014UPaIAN"), 400, "INVALID_REQUEST"),
            (ReadRequest(order: "health"), 400, "INVALID_REQUEST"),
            (ReadRequest(order: ""), 400, "INVALID_REQUEST"),
            (ReadRequest(method: "POST"), 405, "METHOD_NOT_ALLOWED"),
            (ReadRequest(method: "DELETE"), 405, "METHOD_NOT_ALLOWED"),
            (ReadRequest(routeKey: "$default"), 404, "ROUTE_UNKNOWN"),
        ] as [(ReadRequest, Int, String)])
    func refused(_ request: ReadRequest, _ status: Int, _ code: String) throws {
        let answer = try StatusHarness().get(request)
        #expect((answer.status, answer.code) == (status, code))
        #expect((answer.body["requestId"], answer.body["status"]?.integer) == ("api-1", status))
        #expect(answer.headers["Content-Type"] == "application/problem+json")
        #expect(answer.headers["Cache-Control"] == "no-store")
        #expect(answer.headers["Allow"] == (status == 405 ? "GET" : nil))
    }

    @Test("Without a ledger the portal gets 503") func unreachableLedger() throws {
        let closed = try ClosedPort()
        let answer = try StatusHarness(endpoints: ["DYNAMODB": "http://127.0.0.1:\(closed.port)"]).get(ReadRequest())
        Self.expectUnavailable(answer)
    }

    @Test("Without Parameter Store the portal gets 503") func unreachableStore() throws {
        let closed = try ClosedPort()
        let harness = try StatusHarness(endpoints: ["SSM": "http://127.0.0.1:\(closed.port)"])
        Self.expectUnavailable(try harness.get(ReadRequest()))
        #expect(harness.log.messages == ["webhook secret not readable"])
    }

    private static func expectUnavailable(_ answer: GatewayAnswer) {
        #expect((answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE"))
        #expect(answer.headers["Retry-After"] == "5")
        #expect(answer.detail == "the status cannot be read now")
    }
}
