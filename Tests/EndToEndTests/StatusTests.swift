import JSON
import Testbed
import Testing

@Suite struct StatusTests {
    let world: World

    init() throws {
        world = try World.shared.get()
    }

    @Test func healthNamesEveryPartWithItsTime() throws {
        // There is a token once an order has been provisioned.
        let (order, _) = world.newOrder()
        try world.click(order)
        try world.wait(order)
        let answer = try world.get("/health")
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

    @Test(arguments: [
        ("/orders/801Dn0000014UPzIAM", 404, "ORDER_NOT_FOUND"),
        ("/orders/801Dn0000014UPz", 404, "ORDER_NOT_FOUND"),
        ("/orders/nonsense", 400, "INVALID_REQUEST"),
        ("/orders/801Dn0000014UPzXXX", 400, "INVALID_REQUEST"),
    ])
    func refusals(path: String, status: Int, code: String) throws {
        let answer = try world.get(path)
        #expect(answer.status == status)
        #expect(JSON(answer.body)?["code"]?.stringOrNumber == code)
        #expect(JSON(answer.body)?["requestId"]?.stringOrNumber?.isEmpty == false)
    }
}
