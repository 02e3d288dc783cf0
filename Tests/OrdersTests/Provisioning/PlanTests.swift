import JSON
import Testing

@testable import Orders
@testable import Salesforce
@testable import WHMCS

@Suite struct PlanTests {
    private static let plan = Plan(
        clientID: 1234,
        items: [
            .init(
                orderItemID: MappingTests.ids[0], productID: 185, cycle: .semiannually, quantity: 2, price: "9.90",
                markerField: 401),
            .init(orderItemID: MappingTests.ids[1], productID: 186, cycle: .onetime, quantity: 1),
        ])

    @Test func comesBackFromItsJSON() throws {
        let bytes = Self.plan.json.bytes
        #expect(Plan(try #require(JSON(bytes))) == Self.plan)
    }

    private static func with(_ change: (inout [String: JSON]) -> Void) -> JSON {
        var members = plan.json.object ?? [:]
        change(&members)
        return .object(members)
    }

    @Test(arguments: [
        JSON.null, [], [:],
        with { $0["clientId"] = nil }, with { $0["clientId"] = .number(1.5) },
        with { $0["items"] = nil }, with { $0["items"] = [:] }, with { $0["items"] = [[:]] },
        with { $0["items"] = [["orderItemId": "x", "productId": 1, "cycle": "monthly", "quantity": 1]] },
        with {
            $0["items"] = [["orderItemId": "802Dn0000000001", "productId": 1, "cycle": "weekly", "quantity": 1]]
        },
    ])
    func isNotReadFromAnythingElse(_ json: JSON) {
        #expect(Plan(json) == nil)
    }

    @Test func becomesACartWithALineForEachUnit() throws {
        let marker = Marker(try #require(RecordID("801Dn0000014UPa")))
        let hosting = Cart.Line(
            productId: 185, cycle: .semiannually, customFields: [401: "801Dn0000014UPaIAM"], priceOverride: "9.90")
        let cart = Self.plan.cart(paymentMethod: "mailin", marker: marker)
        #expect(
            cart
                == Cart(
                    clientId: 1234, paymentMethod: "mailin",
                    lines: [hosting, hosting, Cart.Line(productId: 186, cycle: .onetime)],
                    notes: "sfOrderId=801Dn0000014UPaIAM"))
    }

    @Test(
        arguments: [
            ("sfOrderId=801Dn0000014UPaIAM", true),
            ("called twice\nsfOrderId=801Dn0000014UPaIAM\r\nVIP", true),
            ("", false),
            ("sfOrderId=801Dn0000014UPa", false),
            ("sfOrderId=801Dn0000014UPbIAM", false),
            ("801Dn0000014UPaIAM", false),
            ("sforderid=801dn0000014upaiam", false),
        ] as [(String, Bool)])
    func markerIsFoundInNotes(_ notes: String, _ isThere: Bool) throws {
        #expect(Marker(try #require(RecordID("801Dn0000014UPaIAM"))).isIn(notes) == isThere)
    }
}
