import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

/// `{"plan": "<order id>"}`: what a run would do.
@Suite struct PlanPreviewTests {
    /// The faults as `CODE message`.
    private static func faults(_ answer: JSON) -> [String] {
        (answer["faults"]?.array ?? []).map { "\($0["code"]?.string ?? "") \($0["message"]?.string ?? "")" }
    }

    @Test("A plan shows client, lines and prices") func good() throws {
        let harness = try ProvisioningHarness()
        let answer = try harness.plan()
        #expect(answer["orderId"]?.string == Seed.order)
        #expect(answer["client"] == ["id": 1234, "currency": "USD"])
        #expect((answer["paymentMethod"], answer["pricesFrom"], answer["currency"]) == ("mailin", "WHMCS", .null))
        #expect((answer["faults"], answer["ledger"]) == ([], .null))
        let lines = try #require(answer["lines"]?.array)
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0["orderItemId"]?.string?.hasPrefix("802") == true })
        #expect((lines[0]["name"], lines[0]["product"]) == ("Web Hosting", "Web Hosting"))
        #expect((lines[0]["productId"], lines[0]["cycle"], lines[0]["quantity"]) == (185, "monthly", 1))
        #expect((lines[0]["whmcsPrice"], lines[0]["salesforcePrice"]) == ("9.90", "9.9"))
        #expect((lines[1]["productId"], lines[1]["cycle"], lines[1]["quantity"]) == (186, "onetime", 2))
        #expect((lines[1]["whmcsPrice"], lines[1]["faults"]) == ("49.00", []))
    }

    @Test("A plan shows what a line says of its service") func details() throws {
        let harness = try ProvisioningHarness([
            "SF_FIELD_HOSTNAME": "Hostname__c", "SF_FIELD_CONFIG_OPTIONS": "Config_Options__c",
            "SF_FIELD_CUSTOM_FIELDS": "Custom_Fields__c", "WHMCS_PAYMENT_METHOD": "client",
            "WHMCS_PRICE_FROM_SALESFORCE": "true", "SF_CURRENCY": "usd",
        ])
        harness.whmcs.update { $0.clients[0].defaultGateway = "stripe" }
        let id = harness.addOrder([
            Seed.Line(
                Seed.server,
                fields: [
                    "Hostname__c": "web1", "Config_Options__c": #"{"71":712}"#, "Custom_Fields__c": #"{"403":"L"}"#,
                ])
        ])
        let answer = try harness.plan(id)
        #expect((answer["paymentMethod"], answer["pricesFrom"], answer["currency"]) == ("stripe", "Salesforce", "USD"))
        let line = try #require(answer["lines"]?.array?.first)
        #expect((line["hostname"], line["domain"]) == ("web1", .null))
        #expect((line["configOptions"], line["customFields"]) == (["71": "712"], ["403": "L"]))
        #expect(Self.faults(answer) == [])
    }

    @Test(
        "A plan lists all faults",
        arguments: [
            (
                Seed.unmappedOrder, [:],
                [
                    "MAPPING_FAILED line 1 (Carrier Pigeon): it has no WHMCS product id",
                    "MAPPING_FAILED line 2 (Web Hosting, lunar): \"Fortnightly\" is not a WHMCS billing cycle",
                ]
            ),
            (
                Seed.closedClientOrder,
                [
                    "SF_PROVISIONABLE_STATUSES": "Draft", "WHMCS_PAYMENT_METHOD": "client",
                    "WHMCS_CUSTOMER_NO_FIELD": "7",
                ],
                [
                    "ORDER_NOT_PROVISIONABLE orders with the status Approved are not provisioned",
                    "CLIENT_MISMATCH custom field 7 of WHMCS client 1235 is empty, and must equal the account's "
                        + "SF_Account_No__c",
                    "CLIENT_CLOSED WHMCS client 1235 is closed",
                    "PAYMENT_METHOD_MISSING WHMCS client 1235 has no payment method of its own; choose one in its "
                        + "profile, and request again",
                    "PAYMENT_METHOD_MISSING WHMCS client 1235 has no pay method; request again when the customer has "
                        + "added one",
                ]
            ),
            (
                Seed.notLinkedOrder, ["PORTAL_PRICEBOOK_ID": "01sDn000000AbCe"],
                [
                    "ORDER_NOT_PROVISIONABLE the order's price book is not the portal's",
                    "CLIENT_NOT_LINKED the account's WH_Account__c does not name a WHMCS client like \"#1234 - Name\"",
                ]
            ),
            (
                "801Dn0000014UPzIAM", [:],
                ["ORDER_NOT_FOUND Salesforce has no such order, or the integration user may not see it"]
            ),
        ] as [(String, [String: String], [String])])
    func allFaults(_ order: String, _ values: [String: String], _ faults: [String]) throws {
        let answer = try ProvisioningHarness(values).plan(order)
        #expect(Self.faults(answer) == faults)
    }

    @Test("A line with faults shows what is known of it") func faultyLines() throws {
        let lines = try #require(try ProvisioningHarness().plan(Seed.unmappedOrder)["lines"]?.array)
        #expect((lines[0]["productId"], lines[0]["cycle"], lines[0]["whmcsPrice"]) == (.null, "monthly", .null))
        #expect(lines[0]["faults"] == ["it has no WHMCS product id"])
        #expect((lines[1]["productId"], lines[1]["cycle"], lines[1]["salesforcePrice"]) == (185, .null, "5"))
        #expect(lines[2]["whmcsPrice"] == "9.90")
    }

    /// Neither a missing product nor a missing price may be claimed of a WHMCS that does not answer.
    @Test("A system that does not answer is a fault of its own") func outage() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.maintenance, on: "GetProducts", times: 10)
        #expect(
            Self.faults(try harness.plan()) == [
                "WHMCS_UNAVAILABLE WHMCS answered GetProducts with HTTP 503 and no JSON."
            ])
        harness.whmcs.clearFaults()
        harness.whmcs.configuration.permissions = ["GetClientsDetails"]
        let answer = try harness.plan()
        #expect(
            Self.faults(answer) == [
                "WHMCS_REJECTED The WHMCS API role does not allow GetPayMethods.",
                "WHMCS_REJECTED The WHMCS API role does not allow GetProducts.",
            ])
        #expect(answer["client"]?["id"] == 1234)
        harness.salesforce.failNext(.maintenance, on: "/query", times: 10)
        #expect(
            Self.faults(try harness.plan()) == [
                "SALESFORCE_UNAVAILABLE Salesforce was not available while reading the order: HTTP 503 without JSON."
            ])
    }

    @Test("A plan shows what the ledger knows") func ledger() throws {
        let harness = try ProvisioningHarness()
        try harness.run()
        let id = try #require(harness.whmcsOrders().first).id
        let answer = try harness.plan(String(Seed.order.prefix(15)))
        #expect(
            answer["ledger"] == [
                "status": "Provisioned", "attempt": 1, "step": "sf_success_update", "whmcsOrderId": .number(id),
                "errorCode": .null, "hasPlan": true,
            ])
        #expect(Self.faults(answer) == [], "its own WHMCS order is no fault")
        try harness.run(Seed.closedClientOrder)
        let failed = try harness.plan(Seed.closedClientOrder)
        #expect((failed["ledger"]?["status"], failed["ledger"]?["errorCode"]) == ("Failed", "CLIENT_CLOSED"))
    }

    @Test("A plan writes nothing anywhere", arguments: [Seed.order, Seed.otherOrder, Seed.unmappedOrder])
    func readsOnly(_ order: String) throws {
        let harness = try ProvisioningHarness()
        // Leaves a token and one order in the ledger.
        try harness.run()
        let ledger = try harness.aws.keys().map { try harness.aws.item($0) }
        let (org, shop) = (harness.salesforce.state.records, harness.whmcs.state)
        let before = harness.network.requests.count
        _ = try harness.plan(order)
        for request in harness.network.requests.dropFirst(before) {
            let isRead =
                request.method == "GET" || [request.action, request.whmcsAction].contains { $0.hasPrefix("Get") }
            #expect(isRead, "\(request.method) \(request.url) \(request.action)")
        }
        #expect(harness.network.requests.count > before + 4)
        #expect(try harness.aws.keys().map { try harness.aws.item($0) } == ledger)
        #expect(harness.salesforce.state.records == org)
        #expect(harness.whmcs.state.orders == shop.orders && harness.whmcs.state.services == shop.services)
        #expect(harness.refreshes.values.count == 1)
    }

    @Test("A plan of no order is an error, without an alert", arguments: ["nonsense", .null, 7, ["id"]] as [JSON])
    func malformed(_ order: JSON) throws {
        let harness = try ProvisioningHarness(["SECURITY_ALERT_WEBHOOK": "http://127.0.0.1:1/"])
        let error = #expect(throws: FunctionError.self) { try harness.deliver(["plan": order]) }
        #expect(error?.type == "MalformedEvent")
        #expect(!harness.log.messages.contains("alert"))
    }
}
