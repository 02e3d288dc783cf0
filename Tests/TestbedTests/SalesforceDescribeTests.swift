import JSON
import Testing

@testable import Testbed

/// What the user may do with the fields of an object, and with the price book.
@Suite struct SalesforceDescribeTests {
    let session: SalesforceSession

    init() throws {
        session = try SalesforceSession()
    }

    private func fields(_ type: String) throws -> [String: JSON] {
        let (status, body, _) = try session.call("GET", "/services/data/v66.0/sobjects/\(type)/describe")
        #expect((status, body["name"]) == (200, .string(type)))
        let rows = body["fields"]?.array ?? []
        return Dictionary(rows.map { ($0["name"]?.string ?? "", $0) }) { $1 }
    }

    @Test("A description has type, length, values and relationship") func describes() throws {
        let fields = try fields("Order")
        let status = try #require(fields["Provisioning_Status__c"])
        #expect((status["type"], status["restrictedPicklist"], status["updateable"]) == ("picklist", true, true))
        let values = status["picklistValues"]?.array ?? []
        #expect(values.map { $0["value"] } == ["Activating", "Provisioned", "Failed"])
        #expect(values.allSatisfy { $0["active"] == true })
        let message = try #require(fields["Provisioning_Error_Message__c"])
        #expect((message["type"], message["length"]) == ("string", 255))
        #expect(fields["Provisioning_Report__c"]?["type"] == "textarea")
        #expect(fields["Last_Provisioning_At__c"]?["type"] == "datetime")
        let account = try #require(fields["AccountId"])
        #expect((account["relationshipName"], account["referenceTo"]) == ("Account", ["Account"]))
        #expect(fields["OrderNumber"]?["updateable"] == false)
        #expect(fields["CurrencyIsoCode"] == nil)
        #expect(try session.call("GET", "/services/data/v66.0/sobjects/Nothing/describe").status == 404)
    }

    @Test("A hidden field is as none, and a read-only one refuses a write") func access() throws {
        session.salesforce.update {
            $0.fieldAccess = ["Order.WHMCS_Order_ID__c": .hidden, "Order.Provisioning_Error_Code__c": .readOnly]
        }
        let fields = try fields("Order")
        #expect(fields["WHMCS_Order_ID__c"] == nil)
        #expect(fields["Provisioning_Error_Code__c"]?["updateable"] == false)
        #expect(
            try session.query("SELECT WHMCS_Order_ID__c FROM Order").body.array?.first?["errorCode"] == "INVALID_FIELD")
        for (field, code) in [
            ("WHMCS_Order_ID__c", "INVALID_FIELD"), ("Provisioning_Error_Code__c", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ] {
            let answer = try session.call("PATCH", SalesforceSession.order, #"{"\#(field)":"x"}"#)
            #expect((answer.status, answer.body.array?.first?["errorCode"]) == (400, .string(code)))
        }
    }

    @Test("The price book has active entries, with a currency where the org has several") func priceBook() throws {
        session.salesforce.update { state in
            state.hasCurrencies = true
            state.add("Product2", id: Seed.setup, ["Name": "Old", "IsActive": false])
        }
        let filter = "IsActive = true AND Product2.IsActive = TRUE AND Pricebook2Id = '\(Seed.pricebook)'"
        let rows = try session.query("SELECT Id, Product2.Name, CurrencyIsoCode FROM PricebookEntry WHERE \(filter)")
        #expect(rows.body["totalSize"] == 5)
        #expect(try fields("PricebookEntry")["CurrencyIsoCode"] != nil)
        #expect(try fields("Product2")["IsActive"]?["type"] == "boolean")
    }
}
