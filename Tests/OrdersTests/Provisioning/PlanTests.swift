import TestSupport
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
                markerField: 401, domain: "a.example", customFields: [9: "x"]),
            .init(
                orderItemID: MappingTests.ids[1], productID: 186, cycle: .onetime, quantity: 1,
                hostname: "web1", configOptions: [71: "712"]),
        ], paymentMethod: "stripe", currency: "EUR")

    @Test("The cart has a line for each unit") func cart() throws {
        let marker = Marker(try #require(RecordID("801Dn0000014UPa")), reference: "r1")
        let hosting = Cart.Line(
            productId: 185, cycle: .semiannually, customFields: [401: "sfOrderId=801Dn0000014UPaIAM ref=r1", 9: "x"],
            priceOverride: "9.90", domain: "a.example")
        let setup = Cart.Line(productId: 186, cycle: .onetime, hostname: "web1", configOptions: [71: "712"])
        let cart = Self.plan.cart(.valid(), marker: marker)
        #expect(
            cart
                == Cart(
                    clientId: 1234, paymentMethod: "stripe",
                    lines: [hosting, hosting, setup],
                    notes: "sfOrderId=801Dn0000014UPaIAM ref=r1"))
    }

    /// PHP drops what is beyond its limit silently (`max_input_vars`), and WHMCS would create a part of the order.
    @Test("The form of the largest order has fewer than 1,000 fields") func largestForm() throws {
        let item = Plan.Item(
            orderItemID: MappingTests.ids[0], productID: 187, cycle: .monthly, quantity: Mapping.mostUnits,
            price: "9.90",
            markerField: 401, domain: "a.example", hostname: "web1", configOptions: [71: "712"], customFields: [9: "x"])
        let settings = ProvisioningSettings.valid(["WHMCS_NO_INVOICE": "true", "WHMCS_NO_EMAIL": "true"])
        let marker = Marker(try #require(RecordID("801Dn0000014UPa")), reference: "r1")
        let cart = Plan(clientID: 1, items: [item]).cart(settings, marker: marker)
        let http = FakeHTTPClient(#"{"result":"success","orderid":1}"#)
        let credentials = try Credentials(parameterValue: #"{"identifier":"i","secret":"s","accesskey":"k"}"#)
        _ = try WHMCSClient(http: http.client, url: "https://a.example", credentials: credentials).addOrder(cart)
        let fields = try #require(http.requests.first).text.split(separator: "&")
        #expect((980..<1000).contains(fields.count))
    }

    @Test("A plan without a payment method gets the one of the settings, which may suppress invoice and e-mail")
    func settings() throws {
        let marker = Marker(try #require(RecordID("801Dn0000014UPa")), reference: "r1")
        var plan = Self.plan
        plan.paymentMethod = nil
        let settings = ProvisioningSettings.valid(["WHMCS_NO_INVOICE": "true", "WHMCS_NO_EMAIL": "true"])
        let cart = plan.cart(settings, marker: marker)
        #expect((cart.paymentMethod, cart.createsInvoice, cart.sendsConfirmation) == ("mailin", false, false))
    }

    @Test(
        "Only the whole marker counts",
        arguments: [
            ("sfOrderId=801Dn0000014UPaIAM ref=r1", true, true),
            ("called twice\nsfOrderId=801Dn0000014UPaIAM ref=r1\r\nVIP", true, true),
            ("sfOrderId=801Dn0000014UPaIAM", false, true),
            ("sfOrderId=801Dn0000014UPaIAM ref=r2", false, true),
            ("sfOrderId=801Dn0000014UPaIAM ref=", false, true),
            ("ref=r1", false, false),
            ("", false, false),
            ("sfOrderId=801Dn0000014UPa ref=r1", false, false),
            ("sfOrderId=801Dn0000014UPbIAM ref=r1", false, false),
            ("801Dn0000014UPaIAM", false, false),
            ("sforderid=801dn0000014upaiam ref=r1", false, false),
        ] as [(String, Bool, Bool)])
    func marker(_ notes: String, _ isWhole: Bool, _ namesOrder: Bool) throws {
        let id = try #require(RecordID("801Dn0000014UPaIAM"))
        #expect(Marker(id, reference: "r1").isIn(notes) == isWhole)
        #expect(Marker.isNamed(id, in: notes) == namesOrder)
    }
}
