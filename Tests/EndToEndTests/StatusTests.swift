import Foundation
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@Suite struct StatusTests {
    let harness: EndToEndHarness

    init() throws {
        harness = try EndToEndHarness.shared.get()
    }

    @Test("/health reports every part and its response time")
    func healthReportsEveryPart() throws {
        // The first order also fetches the Salesforce token.
        let (order, _) = harness.newOrder()
        try harness.fulfill(order)
        try harness.wait(order)
        let answer = try harness.get("/health")
        let health = try #require(JSON(answer.body))
        #expect(answer.status == 200)
        #expect(health["status"] == "ok")
        for part in ["ledger", "token", "bus"] {
            #expect(health[part]?["ok"] == true, "\(part)")
            guard case .number = health[part]?["milliseconds"] else {
                Issue.record("\(part) has no milliseconds")
                continue
            }
        }
        #expect(health["token"]?["ageSeconds"]?.integer ?? -1 >= 0)
    }

    @Test(
        "GET /orders refuses an unknown or malformed id",
        arguments: [
            ("/orders/801Dn0000014UPzIAM", 404, "ORDER_UNKNOWN"),
            ("/orders/801Dn0000014UPz", 404, "ORDER_UNKNOWN"),
            ("/orders/nonsense", 400, "INVALID_REQUEST"),
            ("/orders/801Dn0000014UPzXXX", 400, "INVALID_REQUEST"),
            ("/orders/health", 400, "INVALID_REQUEST"),
        ])
    func refusesAWrongId(path: String, status: Int, code: String) throws {
        let answer = try harness.get(path)
        #expect(answer.status == status)
        #expect(JSON(answer.body)?["code"]?.stringOrNumber == code)
        #expect(JSON(answer.body)?["requestId"]?.stringOrNumber?.isEmpty == false)
    }

    @Test("Unsigned, only /health is answered: the program is up")
    func unsigned() throws {
        func get(_ path: String) throws -> Response {
            try harness.http.send(Request("GET", harness.testbed.addresses.gateway + path, isIdempotent: true))
        }
        #expect(try JSON(get("/health").body) == ["status": "ok"])
        for path in ["/orders/\(harness.newOrder().order)", "/orders/801Dn0000014UPzIAM", "/orders/health"] {
            #expect(try get(path).status == 401, "\(path)")
        }
    }

    /// deploy/PORTAL.md promises that they run as they stand there.
    @Test("The samples for a portal read an order's status", arguments: [("python", "python3"), ("sh", "bash")])
    func portalSample(language: String, interpreter: String) throws {
        let (order, _) = harness.newOrder(clientStatus: "Closed")
        try harness.fulfill(order)
        try harness.wait(order)
        let document = try String(contentsOf: packageRoot.appending(path: "deploy/PORTAL.md"), encoding: .utf8)
        let blocks = document.components(separatedBy: "```\(language)\n").dropFirst()
        let sample = try #require(blocks.first?.components(separatedBy: "```").first)
        let values = ["api=\(harness.testbed.addresses.gateway)", "secret=\(TestbedSecrets.webhook)", "order=\(order)"]
        let output = try Program("/usr/bin/env").text(values + [interpreter, "-c", sample])
        #expect(output.contains("Failed"), "\(output)")
        #expect(output.contains("CLIENT_CLOSED"), "\(output)")
    }
}
