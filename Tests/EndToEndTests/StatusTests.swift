import JSON
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
            ("/orders/801Dn0000014UPzIAM", 404, "ORDER_NOT_FOUND"),
            ("/orders/801Dn0000014UPz", 404, "ORDER_NOT_FOUND"),
            ("/orders/nonsense", 400, "INVALID_REQUEST"),
            ("/orders/801Dn0000014UPzXXX", 400, "INVALID_REQUEST"),
        ])
    func refusesAWrongId(path: String, status: Int, code: String) throws {
        let answer = try harness.get(path)
        #expect(answer.status == status)
        #expect(JSON(answer.body)?["code"]?.stringOrNumber == code)
        #expect(JSON(answer.body)?["requestId"]?.stringOrNumber?.isEmpty == false)
    }
}
