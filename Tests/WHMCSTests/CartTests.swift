import TestSupport
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

    @Test("Every line has its index") func form() throws {
        let http = FakeHTTPClient(#"{"result":"success","orderid":1}"#)
        _ = try http.whmcs.addOrder(cart)
        // customfields: a:1:{i:101;s:3:"801";}
        #expect(
            http.sent == [
                "action=AddOrder&clientid=7&paymentmethod=banktransfer&notes=sfOrderId%3D801Rx0000000001IAA"
                    + "&pid%5B0%5D=185&billingcycle%5B0%5D=monthly"
                    + "&customfields%5B0%5D=YToxOntpOjEwMTtzOjM6IjgwMSI7fQ%3D%3D&priceoverride%5B0%5D=19.99"
                    + "&pid%5B1%5D=9&billingcycle%5B1%5D=onetime"
            ])
    }

    @Test(
        "The answer is read in all its shapes",
        arguments: [
            #"{"result":"success","orderid":"12","serviceids":"4,5","addonids":"","invoiceid":"77"}"#,
            #"{"result":"success","orderid":12,"serviceids":"","invoiceid":0}"#,
            #"{"status":"success","orderid":12,"productids":"4"}"#,
        ])
    func orderId(_ answer: String) throws {
        #expect(try FakeHTTPClient(answer).whmcs.addOrder(cart) == 12)
    }

    @Test(
        "A success without an order id has an unknown outcome",
        arguments: [#"{"result":"success"}"#, #"{"result":"success","orderid":"0"}"#])
    func noOrderId(_ answer: String) throws {
        let whmcs = try FakeHTTPClient(answer).whmcs
        let error = try #require(failure { _ = try whmcs.addOrder(cart) })
        #expect(error.outcomeUnknown)
    }
}
