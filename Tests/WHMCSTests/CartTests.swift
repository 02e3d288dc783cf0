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

    @Test("A line has its domain, hostname and options, and the order may suppress invoice and e-mail") func details()
        throws
    {
        let http = FakeHTTPClient(#"{"result":"success","orderid":1}"#)
        let lines = [
            Cart.Line(productId: 185, cycle: .monthly, domain: "a.example"),
            Cart.Line(
                productId: 187, cycle: .monthly, hostname: "web1.a.example", configOptions: [72: "3", 71: "712"]),
        ]
        let cart = Cart(
            clientId: 7, paymentMethod: "stripe", lines: lines, notes: "n", createsInvoice: false,
            sendsConfirmation: false)
        _ = try http.whmcs.addOrder(cart)
        // configoptions: a:2:{i:71;s:3:"712";i:72;s:1:"3";}
        #expect(
            http.sent == [
                "action=AddOrder&clientid=7&paymentmethod=stripe&notes=n&noinvoice=1&noemail=1"
                    + "&pid%5B0%5D=185&billingcycle%5B0%5D=monthly&domain%5B0%5D=a.example"
                    + "&pid%5B1%5D=187&billingcycle%5B1%5D=monthly"
                    + "&configoptions%5B1%5D=YToyOntpOjcxO3M6MzoiNzEyIjtpOjcyO3M6MToiMyI7fQ%3D%3D"
                    + "&hostname%5B1%5D=web1.a.example"
            ])
    }

    @Test(
        "The answer is read in all its shapes",
        arguments: [
            (#"{"result":"success","orderid":"12","serviceids":"4,5","addonids":"","invoiceid":"77"}"#, [4, 5]),
            (#"{"result":"success","orderid":12,"serviceids":"","invoiceid":0}"#, []),
            (#"{"result":"success","orderid":12,"serviceids":7}"#, [7]),
            (#"{"result":"success","orderid":12,"serviceids":"4, x,5"}"#, [4, 5]),
            (#"{"status":"success","orderid":12,"productids":"4"}"#, [4]),
        ])
    func answered(_ answer: String, _ services: [Int]) throws {
        #expect(try FakeHTTPClient(answer).whmcs.addOrder(cart) == AddedOrder(id: 12, serviceIDs: services))
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
