import Testing

@testable import Orders
@testable import Salesforce
@testable import WHMCS

@Suite struct PlanTests {
    static let plan = Plan(
        clientID: 1234,
        items: [
            .init(
                orderItemID: MappingTests.ids[0], productID: 185, cycle: .semiannually, quantity: 2, price: "9.90",
                markerField: 401),
            .init(orderItemID: MappingTests.ids[1], productID: 186, cycle: .onetime, quantity: 1),
        ])

    @Test("The cart has a line for each unit") func cart() throws {
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
        "The marker is found in an order's notes",
        arguments: [
            ("sfOrderId=801Dn0000014UPaIAM", true),
            ("called twice\nsfOrderId=801Dn0000014UPaIAM\r\nVIP", true),
            ("", false),
            ("sfOrderId=801Dn0000014UPa", false),
            ("sfOrderId=801Dn0000014UPbIAM", false),
            ("801Dn0000014UPaIAM", false),
            ("sforderid=801dn0000014upaiam", false),
        ] as [(String, Bool)])
    func marker(_ notes: String, _ isThere: Bool) throws {
        #expect(Marker(try #require(RecordID("801Dn0000014UPaIAM"))).isIn(notes) == isThere)
    }
}
