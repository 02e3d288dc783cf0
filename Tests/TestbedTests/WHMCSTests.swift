import Foundation
import HTTP
import JSON
import Testbed
import Testing

@Suite struct WHMCSTests {
    let whmcs: WHMCSSimulator

    init() throws {
        whmcs = try WHMCSSimulator(identifier: "id", secret: "s&cret")
    }

    static let credentials = ["identifier": "id", "secret": "s&cret", "responsetype": "json"]

    func raw(_ fields: [String: String]) throws -> RawHTTP.Response {
        let sorted = fields.sorted { $0.key < $1.key }
        let form = sorted.map { "\(formEncoded($0))=\(formEncoded($1))" }.joined(separator: "&")
        let type = ["Content-Type": "application/x-www-form-urlencoded"]
        return try #require(try request(whmcs.port, "POST", "/includes/api.php", headers: type, body: form))
    }

    func call(_ action: String, _ fields: [String: String] = [:]) throws -> JSON {
        let all = fields.merging(Self.credentials) { own, _ in own }.merging(["action": action]) { own, _ in own }
        return try #require(JSON(try raw(all).body))
    }

    /// A good order of client 1234: product 185 monthly, product 186 once.
    static let order = [
        "clientid": "1234", "paymentmethod": "mailin", "pid[0]": "185", "billingcycle[0]": "monthly",
        "pid[1]": "186", "billingcycle[1]": "onetime", "notes": "sfOrderId=\(Seed.order)", "noinvoice": "1",
    ]

    static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    // MARK: Who may call

    @Test(arguments: [
        (["identifier": ""], 403, "Authentication Failed"),
        (["secret": "wrong"], 403, "Authentication Failed"),
        (["identifier": "other"], 403, "Invalid or missing credentials"),
        (["action": ""], 400, "Empty action request"),
        (["action": "Nonsense"], 400, #"Invalid API Action: "Nonsense" is not a valid API action"#),
    ])
    func callersAreChecked(_ change: [String: String], status: Int, message: String) throws {
        let fields = Self.credentials.merging(["action": "GetOrders"]) { $1 }.merging(change) { $1 }
        let answer = try raw(fields)
        #expect(answer.status == status)
        #expect(answer.headers["content-type"] == "application/json")
        #expect(JSON(answer.body) == ["result": "error", "message": .string(message)])
    }

    @Test func addressesAndRoles() throws {
        whmcs.install.allowedAddresses = ["10.0.0.1"]
        whmcs.install.callerAddress = "1.2.3.4"
        whmcs.install.accessKey = "key"
        whmcs.install.permissions = ["GetOrders"]
        // The address is looked at before anything else.
        #expect(try call("GetOrders", ["secret": "wrong"])["message"] == "Invalid IP 1.2.3.4")
        #expect(try call("GetOrders", ["accesskey": "wrong"])["message"] == "Invalid IP 1.2.3.4")
        #expect(try call("GetOrders", ["accesskey": "key"])["result"] == "success")
        whmcs.install.allowedAddresses = ["1.2.3.4"]
        #expect(try call("GETORDERS")["result"] == "success")
        let answer = try raw(Self.credentials.merging(Self.order) { $1 }.merging(["action": "AddOrder"]) { $1 })
        #expect(answer.status == 403)
        #expect(answer.text.contains(#"Invalid Permissions: API action \"addorder\" is not allowed"#))
        #expect(whmcs.state.orders.isEmpty)
    }

    @Test func onlyFormsAndOnlyJSONWhenAsked() throws {
        let json = try request(
            whmcs.port, "POST", "/includes/api.php", headers: ["Content-Type": "application/json"],
            body: #"{"identifier":"id","secret":"s&cret","action":"GetOrders","responsetype":"json"}"#)
        #expect(json?.status == 403)
        let xml = try raw(["identifier": "id", "secret": "s&cret", "action": "GetPaymentMethods"])
        #expect(xml.headers["content-type"] == "application/xml")
        #expect(JSON(xml.body) == nil)
        #expect(try request(whmcs.port, "GET", "/elsewhere")?.status == 404)
    }

    // MARK: AddOrder

    @Test func anOrderIsMade() throws {
        let marker = "a:1:{i:401;s:18:\"\(Seed.order)\";}"
        let answer = try call(
            "AddOrder", Self.order.merging(["customfields[0]": Self.base64(marker), "domain[1]": "example.com"]) { $1 })
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

    @Test(arguments: [
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
    func wrongOrdersAreRefused(_ change: [String: String], message: String) throws {
        let answer = try call("AddOrder", Self.order.merging(change) { $1 })
        #expect(answer == ["result": "error", "message": .string(message)])
        #expect(whmcs.state.orders.isEmpty)
        #expect(whmcs.state.services.isEmpty)
    }

    @Test func anEmptyCartIsRefused() throws {
        let answer = try call("AddOrder", ["clientid": "1234", "paymentmethod": "mailin"])
        #expect(answer["message"] == "No items added to cart so order cannot proceed")
    }

    @Test func repeatingMakesAnotherOrder() throws {
        for _ in 1...2 { _ = try call("AddOrder", Self.order) }
        #expect(whmcs.state.orders.count == 2)
    }

    @Test func theTextFalseSwitchesInvoicesOff() throws {
        #expect(try call("AddOrder", Self.order.merging(["noinvoice": "false"]) { $1 })["invoiceid"] == 0)
        #expect(try call("AddOrder", Self.order.merging(["noinvoice": "0"]) { $1 })["invoiceid"] != 0)
    }

    @Test func notesMayBeDropped() throws {
        whmcs.install.dropsNotes = true
        _ = try call("AddOrder", Self.order)
        #expect(whmcs.state.orders.first?.notes == "")
    }

    @Test(arguments: [
        (WHMCSSimulator.Product.Quantity.no, [1], "9.90"), (.multipleServices, [1, 1, 1], "29.70"),
        (.scalingService, [3], "29.70"),
    ])
    func quantityDependsOnTheProduct(_ quantity: WHMCSSimulator.Product.Quantity, made: [Int], amount: String) throws {
        whmcs.update { $0.products[0].quantity = quantity }
        let fields = [
            "clientid": "1234", "paymentmethod": "mailin", "pid[]": "185", "billingcycle[]": "monthly", "qty[0]": "3",
        ]
        _ = try call("AddOrder", fields)
        #expect(whmcs.state.services.map(\.quantity) == made)
        #expect(whmcs.state.orders.first?.amount == amount)
    }

    @Test func aPriceCanBeOverridden() throws {
        _ = try call("AddOrder", Self.order.merging(["priceoverride[0]": "5.00"]) { $1 })
        #expect(whmcs.state.services.map(\.amount) == ["5.00", "49.00"])
    }

    // MARK: After it

    @Test func acceptingIsForPendingOrdersOnly() throws {
        let refusal: JSON = ["result": "error", "message": "Order ID not found or Status not Pending"]
        #expect(try call("AcceptOrder", ["orderid": "1"]) == refusal)
        let id = try #require(try call("AddOrder", Self.order)["orderid"]?.stringOrNumber)
        #expect(try call("AcceptOrder", ["orderid": id]) == ["result": "success"])
        #expect(whmcs.state.orders.first?.status == "Active")
        #expect(whmcs.state.services.map(\.status) == ["Active", "Active"])
        #expect(try call("AcceptOrder", ["orderid": id]) == refusal)
        #expect(try call("CancelOrder", ["orderid": id]) == refusal)
        let second = try #require(try call("AddOrder", Self.order)["orderid"]?.stringOrNumber)
        #expect(try call("CancelOrder", ["orderid": second]) == ["result": "success"])
        #expect(whmcs.state.orders.last?.status == "Cancelled")
        #expect(whmcs.state.actions.filter { $0 == "AcceptOrder" }.count == 3)
    }

    @Test func ordersAreFilteredAndPaged() throws {
        var ids: [String] = []
        for n in 0..<30 {
            let client = n % 2 == 0 ? "1234" : "1236"
            ids.append(
                try call("AddOrder", Self.order.merging(["clientid": client]) { $1 })["orderid"]?.stringOrNumber ?? "")
        }
        func listed(_ fields: [String: String]) throws -> [String] {
            try call("GetOrders", fields)["orders"]?["order"]?.array?.compactMap { $0["id"]?.stringOrNumber } ?? []
        }
        let first = try call("GetOrders")
        #expect(first["totalresults"] == 30)
        #expect(first["numreturned"] == 25)
        #expect(first["orders"]?["order"]?.array?.count == 25)
        #expect(try listed(["limitstart": "25"]).count == 5)
        #expect(Set(try listed(["limitnum": "250"])) == Set(ids))
        #expect(try listed(["userid": "1236"]).count == 15)
        #expect(try listed(["id": ids[3]]) == [ids[3]])
        #expect(try listed(["id": "1"]) == [])
        #expect(try listed(["status": "Active"]) == [])
        // A filter with a wrong name returns everybody's.
        #expect(try listed(["clientid": "1236"]).count == 25)
    }

    @Test func anOrderIsReadBack() throws {
        let id = try #require(try call("AddOrder", Self.order)["orderid"]?.stringOrNumber)
        let order = try call("GetOrders", ["id": id])["orders"]?["order"]?.array?.first
        #expect(order?["notes"]?.string == "sfOrderId=\(Seed.order)")
        #expect(order?["userid"] == 1234)
        let items = order?["lineitems"]?["lineitem"]?.array ?? []
        #expect(items.map { $0["relid"]?.integer } == whmcs.state.services.map { $0.id })
        #expect(items.map { $0["billingcycle"] } == ["Monthly", "One Time"])
        #expect(items.map { $0["product"] } == ["Web Hosting", "Installation"])
        #expect(items.allSatisfy { $0["pid"] == nil })
    }

    @Test func servicesAreReadBack() throws {
        let marker = Self.base64("a:2:{i:401;s:5:\"hello\";i:999;s:1:\"x\";}")
        let option = Self.base64("a:1:{i:7;s:1:\"3\";}")
        let added = try call(
            "AddOrder", Self.order.merging(["customfields[0]": marker, "configoptions[0]": option]) { $1 })
        _ = try call("AddOrder", Self.order.merging(["clientid": "1236"]) { $1 })
        let answer = try call("GetClientsProducts", ["clientid": "1234"])
        #expect(answer["totalresults"] == 2)
        let service = try #require(answer["products"]?["product"]?.array?.first)
        #expect(service["orderid"] == added["orderid"])
        #expect(service["pid"] == 185)
        #expect(
            service["customfields"]?["customfield"]?.array?.map { [$0["id"], $0["value"]] } == [[401, "hello"]])
        #expect(service["configoptions"]?["configoption"]?.array?.first?["value"] == "3")
        #expect(service["password"]?.string?.isEmpty == false)
        #expect(try call("GetClientsProducts", ["pid": "186"])["totalresults"] == 2)
        #expect(try call("GetClientsProducts")["totalresults"] == 4)
        #expect(try call("GetClientsProducts", ["limitnum": "1", "limitstart": "3"])["numreturned"] == 1)
    }

    // MARK: Looking

    @Test func clients() throws {
        let client = try call("GetClientsDetails", ["clientid": "1234"])["client"]
        #expect(client?["status"] == "Active")
        #expect(client?["customfields"]?.array?.first == ["id": 198, "value": "P0001"])
        #expect(client?["customfields1"] == "P0001")
        #expect(try call("GetClientsDetails", ["clientid": "1235"])["client"]?["status"] == "Closed")
        #expect(try call("GetClientsDetails", ["clientid": "9"])["message"] == "Client Not Found")
        #expect(try call("GetClientsDetails")["message"] == "Either clientid Or email Is Required")
    }

    @Test func payMethods() throws {
        func count(_ fields: [String: String]) throws -> Int? {
            try call("GetPayMethods", fields)["paymethods"]?.array?.count
        }
        #expect(try count(["clientid": "1234"]) == 1)
        #expect(try count(["clientid": "1234", "type": "BankAccount"]) == 0)
        #expect(try count(["clientid": "1236"]) == 0)
        whmcs.addPayMethod(1236)
        #expect(try count(["clientid": "1236", "type": "CreditCard"]) == 1)
        #expect(try call("GetPayMethods")["message"] == "Client ID Is Required")
        #expect(try call("GetPayMethods", ["clientid": "9"])["message"] == "Client Not Found")
        #expect(
            try call("GetPayMethods", ["clientid": "1234", "type": "Gold"])["message"]
                == "Invalid Pay Method Type. Should be 'BankAccount' or 'CreditCard'")
        #expect(
            try call("GetPaymentMethods")["paymentmethods"]?["paymentmethod"]?.array?.map { $0["module"] }
                == ["mailin", "stripe"])
    }

    @Test func products() throws {
        let both = try call("GetProducts", ["pid": "185,186,999"])["products"]?["product"]?.array ?? []
        #expect(both.map { $0["pid"] } == [185, 186])
        #expect(both.map { $0["paytype"] } == ["recurring", "onetime"])
        #expect(both[0]["pricing"]?["USD"]?["monthly"] == "9.90")
        #expect(both[0]["pricing"]?["USD"]?["semiannually"] == "-1.00")
        #expect(both[1]["pricing"]?["USD"]?["monthly"] == "49.00")
        #expect(both[0]["customfields"]?["customfield"]?.array?.first?["id"] == 401)
        #expect(try call("GetProducts", ["pid": "999"])["totalresults"] == 0)
    }

    // MARK: Looseness

    @Test func numbersMayBeText() throws {
        whmcs.install.shape.numbersAsText = true
        let id = try #require(try call("AddOrder", Self.order)["orderid"])
        guard case .string = id else {
            Issue.record("orderid is no text")
            return
        }
        #expect(try call("GetOrders")["totalresults"] == "1")
        #expect(try call("GetOrders")["orders"]?["order"]?.array?.first?["userid"] == "1234")
    }

    @Test func listsComeInManyShapes() throws {
        _ = try call("AddOrder", Self.order)
        whmcs.install.shape.list = .objectWhenSingle
        #expect(try call("GetOrders")["orders"]?["order"]?["userid"] == 1234)
        whmcs.install.shape.list = .bare
        #expect(try call("GetOrders")["orders"]?.array?.count == 1)
        whmcs.install.shape.list = .keyed
        #expect(try call("GetOrders")["orders"]?["order"]?["0"]?["userid"] == 1234)
        #expect(try call("GetProducts")["products"]?["product"]?["1"]?["pid"] == 186)
    }

    @Test func emptyListsComeInManyShapes() throws {
        #expect(try call("GetOrders")["orders"] == ["order": []])
        whmcs.install.shape.empty = .innerText
        #expect(try call("GetOrders")["orders"] == ["order": ""])
        whmcs.install.shape.empty = .outerText
        #expect(try call("GetOrders")["orders"] == "")
        #expect(try call("GetPayMethods", ["clientid": "1236"])["paymethods"] == "")
    }
}
