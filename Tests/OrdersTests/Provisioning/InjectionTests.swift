import Basics
import HTTP
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

/// Text from outside stays text: in a query of Salesforce, and in a form for WHMCS.
@Suite struct InjectionTests {
    private static let fields = [
        "SF_FIELD_DOMAIN": "Domain__c", "SF_FIELD_HOSTNAME": "Hostname__c",
        "SF_FIELD_CONFIG_OPTIONS": "Config_Options__c",
        "SF_FIELD_CUSTOM_FIELDS": "Custom_Fields__c", "WHMCS_MARKER_FIELD": "Salesforce Order",
    ]
    private static let payloads = [
        "&clientid=1235&pid[0]=186", "x\r\n\r\naction=DeleteClient", "x' OR Id != '", #"x\' OR Id != ''"#,
        "x%26clientid%3D1235",
        "</result><result>", #""}],"x":["#, "x;s:1:\"y\";", "${jndi:ldap://a}", "{!$Credential.Secret}",
        "' AND (SELECT 1)--",
    ]

    /// The names in a form are those of the suite, each once, whatever the values hold.
    private static func expectHonestForm(_ request: Request, _ comment: Comment) {
        let names = request.text.split(separator: "&").map { String($0.prefix { $0 != "=" }) }
        #expect(names.count == Set(names).count, comment)
        let expected: Set = [
            "action", "identifier", "secret", "responsetype", "clientid", "paymentmethod", "notes", "pid%5B0%5D",
            "billingcycle%5B0%5D", "customfields%5B0%5D", "configoptions%5B0%5D", "domain%5B0%5D", "hostname%5B0%5D",
        ]
        #expect(Set(names).isSubset(of: expected), comment)
        #expect(request.formField("clientid") == "1234", comment)
        #expect(request.formField("pid[0]") == "187", comment)
    }

    /// It is free text to WHMCS.
    @Test("A custom field reaches WHMCS as it is") func customField() throws {
        let harness = try ProvisioningHarness(Self.fields)
        for payload in Self.payloads where !payload.contains("\r\n") {
            let json = JSON.object([String(Seed.serverNameField): .string(payload)])
            let text = String(decoding: json.bytes, as: UTF8.self)
            let order = harness.addOrder([Seed.Line(Seed.server, fields: ["Custom_Fields__c": .string(text)])])
            try harness.request(1, order)
            _ = try harness.run(order)
            let sent = try #require(harness.network.requests.last { $0.whmcsAction == "AddOrder" })
            Self.expectHonestForm(sent, "\(payload)")
            let created = try #require(harness.whmcsOrders(order).first)
            let service = harness.whmcs.state.services(ofOrder: created.id)[0]
            #expect(service.customFields[Seed.serverNameField] == payload)
        }
    }

    @Test(
        "A field with a form of its own refuses other text, and nothing is ordered",
        arguments: ["Domain__c", "Hostname__c", "Config_Options__c", "Custom_Fields__c", "cycle", "product", "client"])
    func formedField(_ field: String) throws {
        let harness = try ProvisioningHarness(Self.fields)
        for payload in Self.payloads {
            var line = Seed.Line(Seed.server)
            switch field {
            case "cycle": harness.set("Product2", Seed.server, "Billing_Cycle__c", "Monthly" + payload)
            case "product": harness.set("Product2", Seed.server, "WH_Product_ID__c", "187" + payload)
            case "client": harness.set("Account", Seed.account, "WH_Account__c", payload + "#1234")
            default: line.fields[field] = .string(payload)
            }
            let order = harness.addOrder([line])
            try harness.request(1, order)
            _ = try harness.run(order)
            let code = try harness.ledger(order).errorCode ?? ""
            #expect(["MAPPING_FAILED", "CLIENT_NOT_LINKED"].contains(code), "\(field) \(payload): \(code)")
            // The message may quote the text; to Salesforce it is one JSON string.
            #expect(harness.field("Provisioning_Status__c", order) == "Failed")
        }
        #expect(harness.count("AddOrder") == 0)
    }

    @Test(
        "An order id from outside is an id or nothing", arguments: payloads + ["801Dn0000014UPa'", "801Dn0000014UP%"])
    func orderID(_ payload: String) throws {
        let harness = try ProvisioningHarness()
        let orders = [payload, Seed.order + payload]
        // Nothing else than the id refuses the event.
        for order in orders { try harness.accept(order) }
        for order in orders {
            #expect(throws: (any Error).self) { try harness.run(order) }
            #expect(throws: (any Error).self) { try harness.runPlatformEvent("event-1", order) }
            #expect(throws: (any Error).self) { try harness.plan(order) }
        }
        #expect(harness.salesforce.state.requests == [])
        for order in orders { #expect(try harness.aws.order(order)["status"] == "Accepted") }
        #expect(try harness.aws.keys().count == orders.count)
    }
}

extension ProvisioningHarness {
    /// Sets a field of a record in Salesforce.
    func set(_ type: String, _ id: String, _ field: String, _ value: String) {
        salesforce.update { state in
            state.add(type, id: id, (state.record(type, id) ?? [:]).merging([field: .string(value)]) { $1 })
        }
    }
}
