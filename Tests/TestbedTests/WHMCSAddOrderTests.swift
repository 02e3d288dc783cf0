import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct WHMCSAddOrderTests {
    let session: WHMCSSession
    var whmcs: WHMCSSimulator { session.whmcs }

    init() throws {
        session = try WHMCSSession()
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test("AddOrder creates an order with its services")
    func createsAnOrder() throws {
        let marker = "a:1:{i:401;s:18:\"\(Seed.order)\";}"
        let answer = try session.call(
            "AddOrder",
            WHMCSSession.order.merging(["customfields[0]": Self.base64(marker), "domain[1]": "example.com"]) { $1 })
        #expect(answer["result"] == "success")
        let state = whmcs.state
        let order = try #require(state.orders.first)
        #expect(answer["orderid"]?.integer == order.id)
        #expect(order.status == "Pending")
        #expect(order.notes == "sfOrderId=\(Seed.order)")
        #expect(order.amount == "58.90")
        #expect(order.invoiceId == 0)
        #expect(answer["invoiceid"] == 0)
        #expect(order.number.count == 10)
        #expect(answer["serviceids"]?.string == state.services.map { String($0.id) }.joined(separator: ","))
        #expect(answer["addonids"] == "")
        #expect(state.services.map(\.pid) == [185, 186])
        #expect(state.services.map(\.status) == ["Pending", "Pending"])
        #expect(state.services.map(\.domain) == ["", "example.com"])
        #expect(state.services[0].customFields == [401: Seed.order])
        #expect(state.services[1].customFields == [:])
        #expect(state.actions == ["AddOrder"])
    }

    @Test(
        "A wrong order is refused, and nothing is created",
        arguments: [
            (["clientid": "9"], "Client ID Not Found"),
            (["clientid": ""], "Client ID Not Found"),
            (["clientid": "1235"], "Unable to add order when client status is Closed"),
            (["paymentmethod": ""], "Invalid Payment Method. Valid options include mailin, stripe"),
            (["paymentmethod": "paypal"], "Invalid Payment Method. Valid options include mailin, stripe"),
            (["pid": "185"], "Expecting parameter 'pid' to be an array"),
            (["billingcycle": "monthly"], "Expecting parameter 'billingcycle' to be an array"),
            (["pid[1]": "999"], "Product ID 999 not found"),
            (["billingcycle[0]": "semiannually"], "Billing cycle 'semiannually' is not available for product ID 185"),
            (["billingcycle[0]": "Monthly"], "Billing cycle 'Monthly' is not available for product ID 185"),
            (["billingcycle[1]": "monthly"], "Billing cycle 'monthly' is not available for product ID 186"),
            (["customfields[0]": "%%%"], "Parameter 'customfields' is not a base64 encoded serialized array"),
            (
                ["customfields[1]": base64(#"{"402":"x"}"#)],
                "Parameter 'customfields' is not a base64 encoded serialized array"
            ),
            (
                ["configoptions[0]": base64("a:1:{i:1;s:4:\"Söhn\";}")],
                "Parameter 'configoptions' is not a base64 encoded serialized array"
            ),
        ])
    func refusesAWrongOrder(_ change: [String: String], message: String) throws {
        let answer = try session.call("AddOrder", WHMCSSession.order.merging(change) { $1 })
        #expect(answer == ["result": "error", "message": .string(message)])
        #expect(whmcs.state.orders.isEmpty)
        #expect(whmcs.state.services.isEmpty)
    }

    @Test("An empty cart is refused")
    func refusesAnEmptyCart() throws {
        let answer = try session.call("AddOrder", ["clientid": "1234", "paymentmethod": "mailin"])
        #expect(answer["message"] == "No items added to cart so order cannot proceed")
    }

    @Test("Repeating AddOrder creates a second order")
    func repeatingCreatesASecondOrder() throws {
        for _ in 1...2 { _ = try session.call("AddOrder", WHMCSSession.order) }
        #expect(whmcs.state.orders.count == 2)
    }

    @Test("The text \"false\" switches invoices off")
    func readsNoInvoiceAsPHPDoes() throws {
        #expect(
            try session.call("AddOrder", WHMCSSession.order.merging(["noinvoice": "false"]) { $1 })["invoiceid"] == 0)
        #expect(try session.call("AddOrder", WHMCSSession.order.merging(["noinvoice": "0"]) { $1 })["invoiceid"] != 0)
    }

    @Test("An installation may ignore notes")
    func mayIgnoreNotes() throws {
        whmcs.configuration.dropsNotes = true
        _ = try session.call("AddOrder", WHMCSSession.order)
        #expect(whmcs.state.orders.first?.notes == "")
    }

    @Test(
        "The product decides what a quantity means",
        arguments: [
            (WHMCSSimulator.Product.Quantity.no, [1], "9.90"), (.multipleServices, [1, 1, 1], "29.70"),
            (.scalingService, [3], "29.70"),
        ])
    func appliesTheQuantity(_ quantity: WHMCSSimulator.Product.Quantity, made: [Int], amount: String) throws {
        whmcs.update { $0.products[0].quantity = quantity }
        let fields = [
            "clientid": "1234", "paymentmethod": "mailin", "pid[]": "185", "billingcycle[]": "monthly", "qty[0]": "3",
        ]
        _ = try session.call("AddOrder", fields)
        #expect(whmcs.state.services.map(\.quantity) == made)
        #expect(whmcs.state.orders.first?.amount == amount)
    }

    @Test("A price can be overridden")
    func overridesThePrice() throws {
        _ = try session.call("AddOrder", WHMCSSession.order.merging(["priceoverride[0]": "5.00"]) { $1 })
        #expect(whmcs.state.services.map(\.amount) == ["5.00", "49.00"])
    }
}
