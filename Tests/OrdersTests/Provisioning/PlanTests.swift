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
                markerField: 401, domain: "a.example", configOptions: [71: "712"], customFields: [9: "x"]),
            .init(
                orderItemID: MappingTests.ids[1], productID: 186, cycle: .onetime, quantity: 1,
                hostname: "web1"),
        ], paymentMethod: "stripe")

    @Test("The cart has a line for each unit") func cart() throws {
        let marker = Marker(try #require(RecordID("801Dn0000014UPa")))
        let hosting = Cart.Line(
            productId: 185, cycle: .semiannually, customFields: [401: "801Dn0000014UPaIAM", 9: "x"],
            priceOverride: "9.90", domain: "a.example", configOptions: [71: "712"])
        let cart = Self.plan.cart(.valid(), marker: marker)
        #expect(
            cart
                == Cart(
                    clientId: 1234, paymentMethod: "stripe",
                    lines: [hosting, hosting, Cart.Line(productId: 186, cycle: .onetime, hostname: "web1")],
                    notes: "sfOrderId=801Dn0000014UPaIAM"))
    }

    @Test("A plan without a payment method gets the one of the settings, which may suppress invoice and e-mail")
    func settings() throws {
        let marker = Marker(try #require(RecordID("801Dn0000014UPa")))
        var plan = Self.plan
        plan.paymentMethod = nil
        let settings = ProvisioningSettings.valid(["WHMCS_NO_INVOICE": "true", "WHMCS_NO_EMAIL": "true"])
        let cart = plan.cart(settings, marker: marker)
        #expect((cart.paymentMethod, cart.createsInvoice, cart.sendsConfirmation) == ("mailin", false, false))
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
