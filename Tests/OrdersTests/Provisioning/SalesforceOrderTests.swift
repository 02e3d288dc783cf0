import TestSupport
import Foundation
import HTTP
import Testing

@testable import Orders
@testable import Salesforce

@Suite struct SalesforceOrderTests {
    /// Reads an order from a Salesforce that returns this record, and the SOQL that was sent.
    private func read(
        _ record: String, _ fields: SalesforceFields = SalesforceFields()
    ) throws -> (order: SalesforceOrder, soql: String) {
        let http = FakeHTTPClient(#"{"totalSize":1,"done":true,"records":[\#(record)]}"#)
        let token = try #require(Token(accessToken: "t", instanceURL: "https://acme.my.salesforce.com", issuedAt: 1))
        let salesforce = SalesforceClient(
            http: http.client, apiVersion: "v66.0", token: { () throws(SalesforceFailure) in token },
            renewed: { _ throws(SalesforceFailure) in token })
        let order = try salesforce.order(try #require(RecordID("801000000000001")), fields)
        let url = try #require(http.requests.first?.url)
        return (try #require(order), try #require(String(url.drop { $0 != "=" }.dropFirst()).removingPercentEncoding))
    }

    @Test("An order is read with its items") func reading() throws {
        let (order, soql) = try read(
            #"""
            {"Id":"801000000000001AAA","Status":"Approved","Pricebook2Id":"01s000000000001AAA",
            "Account":{"WH_Account__c":"#1234 - Größe & Co"},"WHMCS_Order_ID__c":null,
            "OrderItems":{"totalSize":2,"done":true,"records":[
            {"Id":"802000000000002AAA","Product2":{"Name":"Setup","WH_Product_ID__c":null,"Billing_Cycle__c":null},
            "Quantity":1.0,"UnitPrice":5000.0,"WHMCS_Service_ID__c":"7"},
            {"Id":"802000000000001AAA","Product2":{"Name":"Fibre","WH_Product_ID__c":185.0,
            "Billing_Cycle__c":"Monthly"},"Quantity":2.0,"UnitPrice":19.99,"WHMCS_Service_ID__c":null}]}}
            """#)
        #expect((order.status, order.pricebookId) == ("Approved", RecordID("01s000000000001")))
        #expect((order.clientReference, order.whmcsOrderId) == ("#1234 - Größe & Co", nil))
        let ids = try ["802000000000001", "802000000000002"].map { try #require(RecordID($0)) }
        #expect(
            order.items == [
                .init(
                    id: ids[0], productName: "Fibre", whmcsProductId: "185", billingCycle: "Monthly", quantity: 2,
                    unitPrice: "19.99"),
                .init(id: ids[1], productName: "Setup", quantity: 1, unitPrice: "5000"),
            ])
        #expect(
            soql == "SELECT Id, Status, Pricebook2Id, Account.WH_Account__c, WHMCS_Order_ID__c, "
                + "(SELECT Id, Product2.Name, Product2.WH_Product_ID__c, Product2.Billing_Cycle__c, Quantity, UnitPrice, "
                + "WHMCS_Service_ID__c FROM OrderItems) FROM Order WHERE Id = '801000000000001AAA'")
    }

    @Test("Optional fields are read where they are named") func optionalFields() throws {
        var fields = SalesforceFields()
        (fields.customerNo, fields.currency) = ("SF_Account_No__c", "CurrencyIsoCode")
        (fields.domain, fields.hostname) = ("Domain__c", "OrderItem.Host__c")
        (fields.configOptions, fields.customFields) = ("Options__c", "PricebookEntry.Product2.Fields__c")
        let (order, soql) = try read(
            #"""
            {"Id":"801000000000001AAA","CurrencyIsoCode":"EUR","Account":{"SF_Account_No__c":"P1"},
            "OrderItems":{"done":true,"records":[
            {"Id":"802000000000001AAA","Domain__c":"a.example","Host__c":"web1","Options__c":"{}",
            "PricebookEntry":{"Product2":{"Fields__c":"{\"9\":1}"}}}]}}
            """#, fields)
        #expect((order.customerNo, order.currency) == ("P1", "EUR"))
        let item = try #require(order.items.first)
        #expect((item.domain, item.hostname) == ("a.example", "web1"))
        #expect((item.configOptions, item.customFields) == ("{}", #"{"9":1}"#))
        #expect(
            soql
                == "SELECT Id, Status, Pricebook2Id, Account.WH_Account__c, WHMCS_Order_ID__c, Account.SF_Account_No__c, "
                + "CurrencyIsoCode, (SELECT Id, Product2.Name, Product2.WH_Product_ID__c, Product2.Billing_Cycle__c, "
                + "Quantity, UnitPrice, WHMCS_Service_ID__c, Domain__c, Host__c, Options__c, "
                + "PricebookEntry.Product2.Fields__c FROM OrderItems) FROM Order WHERE Id = '801000000000001AAA'")
    }

    @Test("A field name with a dot is a path") func paths() throws {
        var fields = SalesforceFields()
        fields.client = "Order.Client__c"
        fields.product = "PricebookEntry.Product2.PID__c"
        fields.billingCycle = "OrderItem.Cycle__c"
        let (order, soql) = try read(
            #"""
            {"Id":"801000000000001AAA","Client__c":"7","OrderItems":{"done":true,"records":[
            {"Id":"802000000000001AAA","PricebookEntry":{"Product2":{"PID__c":9}},"Cycle__c":"Annual"}]}}
            """#, fields)
        #expect(order.clientReference == "7")
        #expect(order.items.map(\.whmcsProductId) == ["9"])
        #expect(order.items.map(\.billingCycle) == ["Annual"])
        #expect(
            soql == "SELECT Id, Status, Pricebook2Id, Client__c, WHMCS_Order_ID__c, "
                + "(SELECT Id, Product2.Name, PricebookEntry.Product2.PID__c, Cycle__c, Quantity, UnitPrice, "
                + "WHMCS_Service_ID__c FROM OrderItems) FROM Order WHERE Id = '801000000000001AAA'")
    }
}
