import Foundation
import JSON
import TestSupport
import Testing

@testable import Orders

/// GET /health, which anybody may call.
@Suite struct HealthTests {
    private static let parts = ["ledger", "token", "bus"]

    @Test("Each part reports its duration, the token its age") func healthy() throws {
        let harness = try StatusHarness()
        try harness.putToken(age: 61_000)
        let sample = try Data(contentsOf: packageRoot.appending(path: "events/health.json"))
        let answer = try harness.handle([UInt8](sample))
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
            ("token", ["SF_ACCESS_TOKEN_PARAMETER": "/nobody/put/this"], "There is no Salesforce token: missing."),
        ] as [(String, [String: String], String)])
    func missing(_ part: String, _ values: [String: String], _ problem: String) throws {
        let harness = try StatusHarness(values)
        try harness.putToken(age: 0)
        let answer = try harness.get("/health")
        #expect(answer.status == 503)
        #expect(answer.headers["Content-Type"] == "application/json")
        #expect((answer.body["status"], answer.body[part]?["ok"]) == ("unavailable", false))
        #expect(answer.body[part]?["problem"] == .string(problem))
        for other in Self.parts where other != part { #expect(answer.body[other]?["ok"] == true) }
        #expect(harness.log.messages == ["unhealthy"])
    }

    @Test("An unreadable token is reported without its text") func unreadableToken() throws {
        let harness = try StatusHarness()
        try harness.aws.put("token", "00D!secret")
        let answer = try harness.get("/health")
        #expect(answer.status == 503)
        #expect(answer.body["token"]?["problem"] == "There is no Salesforce token: the stored one cannot be read.")
        #expect(!answer.text.contains("secret"))
    }

    @Test(
        "A part that does not answer is reported without its address",
        arguments: [("DYNAMODB", "ledger"), ("SSM", "token"), ("EVENTBRIDGE", "bus")] as [(String, String)])
    func unreachable(_ service: String, _ part: String) throws {
        let closed = try ClosedPort()
        let harness = try StatusHarness(endpoints: [service: "http://127.0.0.1:\(closed.port)"])
        try harness.putToken(age: 0)
        let answer = try harness.get("/health")
        #expect(answer.status == 503)
        #expect(answer.body[part] == ["ok": false, "problem": "no answer"])
        for other in Self.parts where other != part { #expect(answer.body[other]?["ok"] == true) }
    }
}
