import Basics
import Foundation
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// GET /health: anybody may ask whether the program is up; who signs hears how its services are.
@Suite struct HealthTests {
    private static let parts = ["ledger", "token", "bus"]

    @Test("Each part reports its duration, the token its age") func healthy() throws {
        let harness = try StatusHarness()
        try harness.recordToken(age: 61_000)
        let answer = try harness.get(.health)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers == ["Content-Type": "application/json", "Cache-Control": "no-store"])
        #expect(Set((answer.body.object ?? [:]).keys) == ["status", "ledger", "token", "bus"])
        #expect(answer.body["status"] == "ok")
        for part in Self.parts {
            let members = answer.body[part]?.object ?? [:]
            #expect(members["ok"] == true)
            guard case .number(let milliseconds) = members["milliseconds"] else {
                Issue.record("\(part) reports no duration")
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

    @Test(
        "A missing part is reported, and the others stay ok",
        arguments: [
            ("ledger", ["LEDGER_TABLE": "nobody-made-this-one"], "ResourceNotFoundException"),
            ("bus", ["EVENT_BUS_NAME": "nobody-made-this-one"], "ResourceNotFoundException"),
        ] as [(String, [String: String], String)])
    func missing(_ part: String, _ values: [String: String], _ problem: String) throws {
        let harness = try StatusHarness(values)
        try harness.recordToken(age: 0)
        let answer = try harness.get(.health)
        #expect(answer.status == 503)
        #expect(answer.headers["Content-Type"] == "application/json")
        #expect((answer.body["status"], answer.body[part]?["ok"]) == ("unavailable", false))
        #expect(answer.body[part]?["problem"] == .string(problem))
        // The ledger knows the token's age.
        let others = part == "ledger" ? ["bus"] : Self.parts.filter { $0 != part }
        for other in others { #expect(answer.body[other]?["ok"] == true) }
        #expect(harness.log.messages == ["unhealthy"])
    }

    @Test("Without a token the token's part is not ok") func noToken() throws {
        let answer = try StatusHarness().get(.health)
        #expect((answer.status, answer.body["token"]?["ok"]) == (503, false))
        #expect(answer.body["token"]?["problem"] == "refresh-sf-token has stored no token")
        #expect((answer.body["ledger"]?["ok"], answer.body["bus"]?["ok"]) == (true, true))
    }

    @Test("The token's age is the one that refresh-sf-token recorded") func recordedToken() throws {
        let (harness, refresh) = (try StatusHarness(), try RefreshHarness())
        try refresh.handle()
        harness.network.now = refresh.network.now + 90_000
        try harness.aws.set("token", try #require(try refresh.aws.item("token")).filter { $0.key != "pk" })
        let request = ReadRequest(order: nil, timestamp: harness.network.now.iso8601)
        #expect(try harness.get(request).body["token"]?["ageSeconds"] == 90)
    }

    @Test(
        "A part that does not answer is reported without its address",
        arguments: [("DYNAMODB", "ledger"), ("EVENTBRIDGE", "bus")] as [(String, String)])
    func unreachable(_ service: String, _ part: String) throws {
        let closed = try ClosedPort()
        let harness = try StatusHarness(endpoints: [service: "http://127.0.0.1:\(closed.port)"])
        try harness.recordToken(age: 0)
        let answer = try harness.get(.health)
        #expect(answer.status == 503)
        #expect(answer.body[part] == ["ok": false, "problem": "no answer"])
        #expect(answer.body["token"]?["ok"] == .bool(part != "ledger"))
        #expect(answer.body[part == "bus" ? "ledger" : "bus"]?["ok"] == true)
    }

    @Test("The recorded events are answered", arguments: [("health", 1), ("health-signed", 4)])
    func recordedEvents(_ name: String, _ members: Int) throws {
        let harness = try StatusHarness(secret: TestbedSecrets.webhook)
        try harness.recordToken(age: 0)
        let sample = try Data(contentsOf: packageRoot.appending(path: "events/\(name).json"))
        let answer = try harness.handle([UInt8](sample))
        #expect((answer.status, answer.body.object?.count) == (200, members), "\(answer.text)")
    }

    @Test("Unsigned, the program says that it is up, without a call", arguments: [false, true])
    func unsigned(_ isREST: Bool) throws {
        let closed = try ClosedPort()
        let harness = try StatusHarness(endpoints: ["DYNAMODB": "http://127.0.0.1:\(closed.port)"])
        let answer = try harness.get(ReadRequest(order: nil, headers: ReadRequest.unsigned, isREST: isREST))
        #expect((answer.status, answer.body) == (200, ["status": "ok"]))
        #expect(answer.headers == ["Content-Type": "application/json", "Cache-Control": "no-store"])
        #expect(harness.network.requests.isEmpty)
    }

    @Test(
        "A wrong signature is refused",
        arguments: [
            ReadRequest(order: nil, secret: "another"), ReadRequest(order: nil, headers: ["x-sf-signature": ""]),
            ReadRequest(order: nil, path: "/orders/\(Seed.order)"),
            ReadRequest(order: nil, headers: ["x-sf-timestamp": nil]),
        ])
    func wrongSignature(_ request: ReadRequest) throws {
        let answer = try StatusHarness().get(request)
        #expect((answer.status, answer.code) == (401, "INVALID_SIGNATURE"))
    }
}
