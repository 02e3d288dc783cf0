import Basics
import Foundation
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders
@testable import Salesforce

@Suite struct OrderStatusTests {
    /// order-status in this process.
    private final class StatusHarness {
        let aws: MotoAccount
        let network = FakeNetwork()
        let log = LogLines()
        private let status: OrderStatus

        init(_ values: [String: String] = [:], endpoints: [String: String] = [:]) throws {
            aws = try MotoAccount()
            var environment = Environment(
                [
                    "LEDGER_TABLE": aws.table, "EVENT_BUS_NAME": aws.bus,
                    "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"),
                ].merging(values) { $1 })
            let settings = OrderStatus.Settings(&environment)
            try environment.check()
            status = OrderStatus(settings, aws.account(with: endpoints), network.client, log.log)
        }

        func get(_ path: String, order: String? = nil, method: String = "GET") throws -> Answer {
            var event: [String: JSON] = [
                "rawPath": .string(path),
                "requestContext": [
                    "requestId": "api-1", "http": ["method": .string(method), "sourceIp": "198.51.100.7"],
                ],
            ]
            if let order { event["pathParameters"] = ["sfOrderId": .string(order)] }
            return try handle(JSON.object(event).bytes)
        }

        func handle(_ payload: [UInt8]) throws -> Answer {
            Answer(try status.handle(Invocation(requestID: "r", deadline: network.now + 10_000, payload: payload)))
        }

        func putToken(age: Int) throws {
            let token = Token(
                accessToken: "00D!secret", instanceURL: "https://acme.my.salesforce.com", issuedAt: network.now - age)
            try aws.put("token", try #require(token).parameterValue)
        }
    }

    // MARK: GET /orders/{sfOrderId}

    @Test(arguments: [Seed.order, "801Dn0000014UPa"]) func tellsHowAnOrderStands(_ id: String) throws {
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

    @Test func tellsWhatIsNotKnownYet() throws {
        let harness = try StatusHarness()
        try WebhookHarness(aws: harness.aws).send(WebhookRequest()).expectAccepted()
        let sample = try Data(contentsOf: packageRoot.appending(path: "events/status.json"))
        let answer = try harness.handle([UInt8](sample))
        #expect(
            answer.body == [
                "orderId": .string(Seed.order), "status": "Accepted", "attempt": 1, "step": .null,
                "whmcsOrderId": .null, "errorCode": .null, "updatedAt": "2026-11-20T10:15:30.000Z",
            ])
    }

    @Test(
        arguments: [
            ("GET", Seed.otherOrder, 404, "ORDER_NOT_FOUND"),
            ("GET", "801", 400, "INVALID_REQUEST"),
            ("GET", "801Dn0000014UPaIAN", 400, "INVALID_REQUEST"),
            ("GET", nil, 400, "INVALID_REQUEST"),
            ("POST", Seed.order, 405, "METHOD_NOT_ALLOWED"),
            ("DELETE", Seed.order, 405, "METHOD_NOT_ALLOWED"),
        ] as [(String, String?, Int, String)])
    func refuses(_ method: String, _ id: String?, _ status: Int, _ code: String) throws {
        let harness = try StatusHarness()
        let answer = try harness.get("/orders/\(id ?? "")", order: id, method: method)
        #expect((answer.status, answer.code) == (status, code))
        #expect((answer.body["requestId"], answer.body["status"]?.integer) == ("api-1", status))
        #expect(answer.headers["Content-Type"] == "application/problem+json")
        #expect(answer.headers["Cache-Control"] == "no-store")
        // RFC 9110 wants to know what is allowed instead.
        #expect(answer.headers["Allow"] == (status == 405 ? "GET" : nil))
    }

    @Test func withoutALedgerThePortalAsksAgain() throws {
        let closed = try ClosedPort()
        let harness = try StatusHarness(endpoints: ["DYNAMODB": "http://127.0.0.1:\(closed.port)"])
        let answer = try harness.get("/orders/\(Seed.order)", order: Seed.order)
        #expect((answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE"))
        #expect(answer.headers["Retry-After"] == "5")
        #expect(answer.detail == "the status cannot be read now")
    }

    // MARK: GET /health

    @Test func healthyPartsTellTheirTimes() throws {
        let harness = try StatusHarness()
        try harness.putToken(age: 61_000)
        let sample = try Data(contentsOf: packageRoot.appending(path: "events/health.json"))
        let answer = try harness.handle([UInt8](sample))
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers == ["Content-Type": "application/json", "Cache-Control": "no-store"])
        #expect(Set((answer.body.object ?? [:]).keys) == ["status", "ledger", "token", "bus"])
        #expect(answer.body["status"] == "ok")
        for part in ["ledger", "token", "bus"] {
            let members = answer.body[part]?.object ?? [:]
            #expect(members["ok"] == true)
            guard case .number(let milliseconds) = members["milliseconds"] else {
                Issue.record("\(part) tells no time")
                continue
            }
            #expect(milliseconds > 0)
            #expect(
                Set(members.keys) == (part == "token" ? ["ok", "milliseconds", "ageSeconds"] : ["ok", "milliseconds"]))
        }
        #expect(answer.body["token"]?["ageSeconds"] == 61)
        #expect(!answer.text.contains("secret"))
        #expect(harness.log.messages == [])
    }

    /// The part that is not well, and what it says of itself; the others stay well.
    @Test(
        arguments: [
            ("ledger", ["LEDGER_TABLE": "nobody-made-this-one"], "ResourceNotFoundException"),
            ("bus", ["EVENT_BUS_NAME": "nobody-made-this-one"], "ResourceNotFoundException"),
            ("token", ["SF_ACCESS_TOKEN_PARAMETER": "/nobody/put/this"], "There is no Salesforce token: missing."),
        ] as [(String, [String: String], String)])
    func aMissingPartIsNamed(_ part: String, _ values: [String: String], _ problem: String) throws {
        let harness = try StatusHarness(values)
        try harness.putToken(age: 0)
        let answer = try harness.get("/health")
        #expect(answer.status == 503)
        #expect(answer.headers["Content-Type"] == "application/json")
        #expect((answer.body["status"], answer.body[part]?["ok"]) == ("unavailable", false))
        #expect(answer.body[part]?["problem"] == .string(problem))
        for other in ["ledger", "token", "bus"] where other != part { #expect(answer.body[other]?["ok"] == true) }
        #expect(harness.log.messages == ["unhealthy"])
    }

    @Test func anUnreadableTokenIsNotWell() throws {
        let harness = try StatusHarness()
        try harness.aws.put("token", "00D!secret")
        let answer = try harness.get("/health")
        #expect(answer.status == 503)
        #expect(answer.body["token"]?["problem"] == "There is no Salesforce token: the stored one cannot be read.")
        #expect(!answer.text.contains("secret"))
    }

    /// Anybody may ask: where the parts are is none of their business.
    @Test(arguments: [("DYNAMODB", "ledger"), ("SSM", "token"), ("EVENTBRIDGE", "bus")] as [(String, String)])
    func apartThatDoesNotAnswerIsNotWell(_ service: String, _ part: String) throws {
        let closed = try ClosedPort()
        let harness = try StatusHarness(endpoints: [service: "http://127.0.0.1:\(closed.port)"])
        try harness.putToken(age: 0)
        let answer = try harness.get("/health")
        #expect(answer.status == 503)
        #expect(answer.body[part] == ["ok": false, "problem": "no answer"])
        for other in ["ledger", "token", "bus"] where other != part { #expect(answer.body[other]?["ok"] == true) }
    }
}

extension Answer {
    fileprivate func expectAccepted() {
        #expect(status == 202)
    }
}
