import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct WHMCSReadTests {
    let session: WHMCSSession
    var whmcs: WHMCSSimulator { session.whmcs }

    init() throws {
        session = try WHMCSSession()
    }

    @Test("Only Pending orders can be accepted or cancelled")
    func changesOnlyPendingOrders() throws {
        let refusal: JSON = ["result": "error", "message": "Order ID not found or Status not Pending"]
        #expect(try session.call("AcceptOrder", ["orderid": "1"]) == refusal)
        let id = try #require(try session.call("AddOrder", WHMCSSession.order)["orderid"]?.stringOrNumber)
        #expect(try session.call("AcceptOrder", ["orderid": id]) == ["result": "success"])
        #expect(whmcs.state.orders.first?.status == "Active")
        #expect(whmcs.state.services.map(\.status) == ["Active", "Active"])
        #expect(try session.call("AcceptOrder", ["orderid": id]) == refusal)
        #expect(try session.call("CancelOrder", ["orderid": id]) == refusal)
        let second = try #require(try session.call("AddOrder", WHMCSSession.order)["orderid"]?.stringOrNumber)
        #expect(try session.call("CancelOrder", ["orderid": second]) == ["result": "success"])
        #expect(whmcs.state.orders.last?.status == "Cancelled")
        #expect(whmcs.state.actions.filter { $0 == "AcceptOrder" }.count == 3)
    }

    @Test("Orders are filtered and paged")
    func listsOrders() throws {
        var ids: [String] = []
        for n in 0..<30 {
            let clientId = n % 2 == 0 ? "1234" : "1236"
            ids.append(
                try session.call("AddOrder", WHMCSSession.order.merging(["clientid": clientId]) { $1 })["orderid"]?
                    .stringOrNumber ?? "")
        }
        func listed(_ fields: [String: String]) throws -> [String] {
            try session.call("GetOrders", fields)["orders"]?["order"]?.array?.compactMap { $0["id"]?.stringOrNumber }
                ?? []
        }
        let first = try session.call("GetOrders")
        #expect(first["totalresults"] == 30)
        #expect(first["numreturned"] == 25)
        #expect(first["orders"]?["order"]?.array?.count == 25)
        #expect(try listed(["limitstart": "25"]).count == 5)
        #expect(Set(try listed(["limitnum": "250"])) == Set(ids))
        #expect(try listed(["userid": "1236"]).count == 15)
        #expect(try listed(["id": ids[3]]) == [ids[3]])
        #expect(try listed(["id": "1"]) == [])
        #expect(try listed(["status": "Active"]) == [])
        // WHMCS ignores a filter with a wrong name, and returns the orders of all clients.
        #expect(try listed(["clientid": "1236"]).count == 25)
    }

    @Test("GetOrders returns an order with its line items")
    func returnsAnOrder() throws {
        let id = try #require(try session.call("AddOrder", WHMCSSession.order)["orderid"]?.stringOrNumber)
        let order = try session.call("GetOrders", ["id": id])["orders"]?["order"]?.array?.first
        #expect(order?["notes"]?.string == "sfOrderId=\(Seed.order)")
        #expect(order?["userid"] == 1234)
        let items = order?["lineitems"]?["lineitem"]?.array ?? []
        #expect(items.map { $0["relid"]?.integer } == whmcs.state.services.map { $0.id })
        #expect(items.map { $0["billingcycle"] } == ["Monthly", "One Time"])
        #expect(items.map { $0["product"] } == ["Web Hosting", "Installation"])
        #expect(items.allSatisfy { $0["pid"] == nil })
    }

    @Test("GetClientsProducts returns services with their custom fields and options")
    func returnsServices() throws {
        let marker = base64("a:2:{i:401;s:5:\"hello\";i:999;s:1:\"x\";}")
        let option = base64("a:1:{i:7;s:1:\"3\";}")
        let added = try session.call(
            "AddOrder", WHMCSSession.order.merging(["customfields[0]": marker, "configoptions[0]": option]) { $1 })
        _ = try session.call("AddOrder", WHMCSSession.order.merging(["clientid": "1236"]) { $1 })
        let answer = try session.call("GetClientsProducts", ["clientid": "1234"])
        #expect(answer["totalresults"] == 2)
        let service = try #require(answer["products"]?["product"]?.array?.first)
        #expect(service["orderid"] == added["orderid"])
        #expect(service["pid"] == 185)
        #expect(
            service["customfields"]?["customfield"]?.array?.map { [$0["id"], $0["value"]] } == [[401, "hello"]])
        #expect(service["configoptions"]?["configoption"]?.array?.first?["value"] == "3")
        #expect(service["password"]?.string?.isEmpty == false)
        #expect(try session.call("GetClientsProducts", ["pid": "186"])["totalresults"] == 2)
        #expect(try session.call("GetClientsProducts")["totalresults"] == 4)
        #expect(try session.call("GetClientsProducts", ["limitnum": "1", "limitstart": "3"])["numreturned"] == 1)
    }

    @Test("GetClientsDetails returns a client")
    func returnsAClient() throws {
        let details = try session.call("GetClientsDetails", ["clientid": "1234"])["client"]
        #expect(details?["status"] == "Active")
        #expect(details?["customfields"]?.array?.first == ["id": 198, "value": "P0001"])
        #expect(details?["customfields1"] == "P0001")
        #expect(try session.call("GetClientsDetails", ["clientid": "1235"])["client"]?["status"] == "Closed")
        #expect(try session.call("GetClientsDetails", ["clientid": "9"])["message"] == "Client Not Found")
        #expect(try session.call("GetClientsDetails")["message"] == "Either clientid Or email Is Required")
    }

    @Test("GetPayMethods returns a client's pay methods")
    func returnsPayMethods() throws {
        func count(_ fields: [String: String]) throws -> Int? {
            try session.call("GetPayMethods", fields)["paymethods"]?.array?.count
        }
        #expect(try count(["clientid": "1234"]) == 1)
        #expect(try count(["clientid": "1234", "type": "BankAccount"]) == 0)
        #expect(try count(["clientid": "1236"]) == 0)
        whmcs.addPayMethod(1236)
        #expect(try count(["clientid": "1236", "type": "CreditCard"]) == 1)
        #expect(try session.call("GetPayMethods")["message"] == "Client ID Is Required")
        #expect(try session.call("GetPayMethods", ["clientid": "9"])["message"] == "Client Not Found")
        #expect(
            try session.call("GetPayMethods", ["clientid": "1234", "type": "Gold"])["message"]
                == "Invalid Pay Method Type. Should be 'BankAccount' or 'CreditCard'")
    }

    @Test("GetProducts returns products with their prices")
    func returnsProducts() throws {
        let both = try session.call("GetProducts", ["pid": "185,186,999"])["products"]?["product"]?.array ?? []
        #expect(both.map { $0["pid"] } == [185, 186])
        #expect(both.map { $0["paytype"] } == ["recurring", "onetime"])
        #expect(both[0]["pricing"]?["USD"]?["monthly"] == "9.90")
        #expect(both[0]["pricing"]?["USD"]?["semiannually"] == "-1.00")
        #expect(both[1]["pricing"]?["USD"]?["monthly"] == "49.00")
        #expect(both[0]["customfields"]?["customfield"]?.array?.first?["id"] == 401)
        #expect(try session.call("GetProducts", ["pid": "999"])["totalresults"] == 0)
    }

    // MARK: Response formats

    @Test("Numbers may be text")
    func formatsNumbersAsText() throws {
        whmcs.configuration.responseFormat.numbersAsText = true
        let id = try #require(try session.call("AddOrder", WHMCSSession.order)["orderid"])
        guard case .string = id else {
            Issue.record("orderid is no text")
            return
        }
        #expect(try session.call("GetOrders")["totalresults"] == "1")
        #expect(try session.call("GetOrders")["orders"]?["order"]?.array?.first?["userid"] == "1234")
    }

    @Test("Lists have several formats")
    func formatsLists() throws {
        _ = try session.call("AddOrder", WHMCSSession.order)
        whmcs.configuration.responseFormat.list = .objectWhenSingle
        #expect(try session.call("GetOrders")["orders"]?["order"]?["userid"] == 1234)
        whmcs.configuration.responseFormat.list = .bare
        #expect(try session.call("GetOrders")["orders"]?.array?.count == 1)
        whmcs.configuration.responseFormat.list = .keyed
        #expect(try session.call("GetOrders")["orders"]?["order"]?["0"]?["userid"] == 1234)
        #expect(try session.call("GetProducts")["products"]?["product"]?["1"]?["pid"] == 186)
    }

    @Test("Empty lists have several formats")
    func formatsEmptyLists() throws {
        #expect(try session.call("GetOrders")["orders"] == ["order": []])
        whmcs.configuration.responseFormat.empty = .innerText
        #expect(try session.call("GetOrders")["orders"] == ["order": ""])
        whmcs.configuration.responseFormat.empty = .outerText
        #expect(try session.call("GetOrders")["orders"] == "")
        #expect(try session.call("GetPayMethods", ["clientid": "1236"])["paymethods"] == "")
    }
}

private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
