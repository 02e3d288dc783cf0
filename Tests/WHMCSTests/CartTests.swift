import Testing
@testable import WHMCS

@Suite struct CartTests {
    private let cart = Cart(
        clientId: 7, paymentMethod: "banktransfer",
        lines: [
            Cart.Line(productId: 185, cycle: .monthly, customFields: [101: "801"], priceOverride: "19.99"),
            Cart.Line(productId: 9, cycle: .onetime),
        ],
        notes: "sfOrderId=801Rx0000000001IAA")

    @Test func everyLineHasItsIndex() throws {
        let wire = Wire(#"{"result":"success","orderid":1}"#)
        _ = try wire.whmcs.addOrder(cart)
        // customfields: a:1:{i:101;s:3:"801";}
        #expect(
            wire.sent == [
                "action=AddOrder&clientid=7&paymentmethod=banktransfer&notes=sfOrderId%3D801Rx0000000001IAA"
                    + "&noinvoice=0&noemail=0"
                    + "&pid%5B0%5D=185&billingcycle%5B0%5D=monthly"
                    + "&customfields%5B0%5D=YToxOntpOjEwMTtzOjM6IjgwMSI7fQ%3D%3D&priceoverride%5B0%5D=19.99"
                    + "&pid%5B1%5D=9&billingcycle%5B1%5D=onetime"
            ])
    }

    @Test func flagsAreNumbers() throws {
        let wire = Wire(#"{"result":"success","orderid":1}"#)
        var cart = cart
        (cart.noInvoice, cart.noEmail) = (true, true)
        _ = try wire.whmcs.addOrder(cart)
        #expect(try #require(wire.sent.first).contains("&noinvoice=1&noemail=1&"))
    }

    @Test(arguments: [
        (
            #"{"result":"success","orderid":"12","serviceids":"4,5","addonids":"","invoiceid":"77"}"#,
            AddedOrder(orderId: 12, serviceIds: [4, 5], invoiceId: 77)
        ),
        (
            #"{"result":"success","orderid":12,"serviceids":"","invoiceid":0}"#,
            AddedOrder(orderId: 12, serviceIds: [], invoiceId: nil)
        ),
        (
            #"{"result":"success","orderid":12,"productids":"4","invoiceid":""}"#,
            AddedOrder(orderId: 12, serviceIds: [4], invoiceId: nil)
        ),
        (
            #"{"result":"success","orderid":12,"serviceids":4}"#,
            AddedOrder(orderId: 12, serviceIds: [4], invoiceId: nil)
        ),
    ])
    func theAnswerIsReadInAllItsShapes(_ answer: String, _ added: AddedOrder) throws {
        #expect(try Wire(answer).whmcs.addOrder(cart) == added)
    }

    @Test(arguments: [#"{"result":"success"}"#, #"{"result":"success","orderid":"0"}"#])
    func aYesWithoutAnOrderIdIsOfUnknownOutcome(_ answer: String) throws {
        let whmcs = try Wire(answer).whmcs
        let error = try #require(failure { _ = try whmcs.addOrder(cart) })
        #expect(error.outcomeUnknown)
    }
}
