import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// The right customer, the right currency, the right gateway, and lines with domains and options.
@Suite struct CustomerAndMoneyTests {
    /// Runs the order, and returns its status with the failure that Salesforce shows.
    private func run(_ harness: ProvisioningHarness, _ order: String = Seed.order) throws -> [String?] {
        let status = try harness.run(order)["status"]?.string
        return [
            status, harness.field("Provisioning_Error_Code__c", order).string,
            harness.field("Provisioning_Error_Message__c", order).string,
        ]
    }

    // MARK: The customer's number

    private static let checked = ["WHMCS_CUSTOMER_NO_FIELD": String(Seed.customerNumberField)]
    private static let theirs = "custom field 198 of WHMCS client 1234"

    @Test(
        "The account's number must be the WHMCS client's",
        arguments: [
            ("P0001", "P0001", nil), (" P0001 ", "P0001\n", nil),
            ("P0001", "P0002", "the account's SF_Account_No__c and \(theirs) differ"),
            ("P0001", "p0001", "the account's SF_Account_No__c and \(theirs) differ"),
            (nil, "P0001", "the account's SF_Account_No__c is empty, and must equal \(theirs)"),
            ("P0001", " ", "\(theirs) is empty, and must equal the account's SF_Account_No__c"),
            ("P0001", nil, "\(theirs) is empty, and must equal the account's SF_Account_No__c"),
            (nil, nil, "the account's SF_Account_No__c is empty, and must equal \(theirs)"),
        ] as [(String?, String?, String?)])
    func customerNumber(_ ours: String?, _ theirs: String?, _ fault: String?) throws {
        let harness = try ProvisioningHarness(Self.checked)
        harness.whmcs.update { $0.clients[0].customFields = theirs.map { [Seed.customerNumberField: $0] } ?? [:] }
        harness.salesforce.update { state in
            let account = state.record("Account", Seed.account) ?? [:]
            state.add("Account", id: Seed.account, account.merging(["SF_Account_No__c": .string(ours)]) { $1 })
        }
        let result = try run(harness)
        #expect(result == (fault == nil ? ["Provisioned", nil, nil] : ["Failed", "CLIENT_MISMATCH", fault]))
        #expect(harness.whmcs.state.orders.count == (fault == nil ? 1 : 0))
    }

    @Test("A list of custom fields that cannot be read is read again later") func unreadableFields() throws {
        let harness = try ProvisioningHarness(Self.checked)
        harness.network.after = { request, answer in
            guard request.whmcsAction == "GetClientsDetails", case .success(let response) = answer,
                var body = JSON(response.body)?.object, var client = body["client"]?.object
            else { return answer }
            client["customfields"] = [["value": "P0001"]]
            body["client"] = .object(client)
            return .answer(200, String(decoding: JSON.object(body).bytes, as: UTF8.self))
        }
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().errorCode == "WHMCS_UNAVAILABLE")
        harness.network.after = { $1 }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    @Test("The number's field is not read without the check") func unchecked() throws {
        let harness = try ProvisioningHarness(["SF_FIELD_CUSTOMER_NO": "No_Such_Field__c"])
        #expect(try run(harness) == ["Provisioned", nil, nil])
        let checked = try ProvisioningHarness(Self.checked.merging(["SF_FIELD_CUSTOMER_NO": "OrderNumber"]) { $1 })
        #expect(try run(checked)[1] == "SALESFORCE_REJECTED", "a field of the account")
    }

    // MARK: The currency

    @Test(
        "Salesforce's prices must be in the client's currency",
        arguments: [
            ("usd", nil, nil),
            ("EUR", nil, "the order's prices are in EUR, and WHMCS client 1234 pays in USD"),
            (nil, "USD", nil),
            (nil, "EUR", "the order's prices are in EUR, and WHMCS client 1234 pays in USD"),
        ] as [(String?, String?, String?)])
    func currency(_ ofOrg: String?, _ ofOrder: String?, _ fault: String?) throws {
        let harness = try ProvisioningHarness(["WHMCS_PRICE_FROM_SALESFORCE": "true", "SF_CURRENCY": ofOrg ?? ""])
        harness.salesforce.update { state in
            guard let ofOrder else { return }
            state.hasCurrencies = true
            let order = state.record("Order", Seed.order) ?? [:]
            state.add("Order", id: Seed.order, order.merging(["CurrencyIsoCode": .string(ofOrder)]) { $1 })
        }
        #expect(
            try run(harness) == (fault == nil ? ["Provisioned", nil, nil] : ["Failed", "MAPPING_FAILED", fault]))
    }

    @Test("An org with one currency is told to set SF_CURRENCY") func singleCurrency() throws {
        let harness = try ProvisioningHarness(["WHMCS_PRICE_FROM_SALESFORCE": "true"])
        _ = try run(harness)
        let order = try harness.ledger()
        #expect((order.status, order.errorCode) == (.failed, "SALESFORCE_REJECTED"))
        #expect(
            order.errorMessage?.hasSuffix("The org has one currency only: set SF_CURRENCY to its ISO code.") == true)
    }

    // MARK: The gateway

    @Test("The gateway may be the client's own, and a request keeps it") func clientGateway() throws {
        let harness = try ProvisioningHarness(["WHMCS_PAYMENT_METHOD": "client"])
        harness.whmcs.update { $0.clients[0].defaultGateway = "stripe" }
        harness.whmcs.failNext(.maintenance, on: "GetOrders", times: 10)
        _ = try harness.run()
        harness.whmcs.clearFaults()
        harness.whmcs.update { $0.clients[0].defaultGateway = "mailin" }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().map(\.paymentMethod) == ["stripe"])
    }

    @Test("A client without a gateway of its own is refused") func noGateway() throws {
        let harness = try ProvisioningHarness(["WHMCS_PAYMENT_METHOD": "client"])
        let message =
            "WHMCS client 1234 has no payment method of its own; choose one in its profile, and request again"
        #expect(try run(harness) == ["Failed", "PAYMENT_METHOD_MISSING", message])
    }

    @Test("The order may come without invoice and e-mail", arguments: [false, true]) func quiet(_ isQuiet: Bool) throws
    {
        let harness = try ProvisioningHarness([
            "WHMCS_NO_INVOICE": String(isQuiet), "WHMCS_NO_EMAIL": String(isQuiet),
        ])
        #expect(try run(harness)[0] == "Provisioned")
        let order = try #require(harness.whmcsOrders().first)
        #expect((order.invoiceId == 0, order.isConfirmed) == (isQuiet, !isQuiet))
    }

    // MARK: Lines

    private static let lineFields = [
        "SF_FIELD_DOMAIN": "Domain__c", "SF_FIELD_HOSTNAME": "Hostname__c",
        "SF_FIELD_CONFIG_OPTIONS": "Config_Options__c",
        "SF_FIELD_CUSTOM_FIELDS": "Custom_Fields__c", "WHMCS_MARKER_FIELD": "Salesforce Order",
    ]

    @Test("Domains, hostnames, options and custom fields reach WHMCS") func lineDetails() throws {
        let harness = try ProvisioningHarness(Self.lineFields)
        let id = harness.addOrder([
            Seed.Line(Seed.hosting, fields: ["Domain__c": "shop.example"]),
            Seed.Line(
                Seed.server,
                fields: [
                    "Hostname__c": "web1.shop.example", "Config_Options__c": #"{"71":712,"72":"3","73":1}"#,
                    "Custom_Fields__c": #"{"403":"Größe L"}"#,
                ]),
            Seed.Line(Seed.setup),
        ])
        #expect(try run(harness, id) == ["Provisioned", nil, nil])
        let order = try #require(harness.whmcsOrders(id).first)
        let services = harness.whmcs.state.services(ofOrder: order.id)
        #expect(services.map(\.pid) == [185, 187, 186])
        #expect(services.map(\.domain) == ["shop.example", "web1.shop.example", ""])
        #expect(services[1].configOptions == ["71": "712", "72": "3", "73": "1"])
        #expect(services[1].customFields == [Seed.serverNameField: "Größe L"])
        #expect(services[0].customFields.keys.sorted() == [Seed.hostingMarkerField], "the marker")
    }

    @Test("Faults of the lines are reported in one error") func lineFaults() throws {
        let harness = try ProvisioningHarness(Self.lineFields)
        let id = harness.addOrder([
            Seed.Line(Seed.hosting, quantity: 2, fields: ["Domain__c": "shop"]),
            Seed.Line(Seed.server, fields: ["Config_Options__c": #"{"71":9}"#]),
        ])
        _ = try run(harness, id)
        #expect(
            try harness.ledger(id).errorMessage
                == "line 1 (Web Hosting): \"shop\" is not a domain name (an international one needs its xn-- form), "
                + "it has a quantity of 2, and services cannot share a domain or hostname; "
                + "line 2 (Virtual Server): configurable option 71 has no choice 9, "
                + "product 187 requires custom field 403 (Display Name)")
        #expect(harness.whmcs.state.orders.isEmpty)
    }

    // MARK: The error message

    @Test("The message fills a long field, and the ledger keeps 32,000 characters") func longField() throws {
        let harness = try ProvisioningHarness([
            "SF_FIELD_ERROR_MESSAGE": "Provisioning_Report__c", "SF_ERROR_MESSAGE_LENGTH": "32768",
        ])
        let id = harness.addOrder((1...600).map { _ in Seed.Line(Seed.unmappedProduct, cycle: "Fortnightly") })
        _ = try run(harness, id)
        let message = try harness.ledger(id).errorMessage
        #expect(message?.count == 32_000)
        #expect(harness.field("Provisioning_Report__c", id).string == message)
    }
}
