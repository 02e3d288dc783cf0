import Foundation
import Testing

@testable import Salesforce

@Suite struct OrderTests {
    private func id(_ text: String) throws -> RecordID { try #require(RecordID(text)) }

    private func answer(_ record: String) -> String { #"{"totalSize":1,"done":true,"records":[\#(record)]}"# }

    private func item(_ last: Int) -> String {
        #"{"attributes":{"type":"OrderItem"},"Id":"80200000000000\#(last)AAA"}"#
    }

    @Test func anOrderIsReadWithItsItems() throws {
        let wire = Wire(
            answer(
                #"""
                {"attributes":{"type":"Order","url":"/services/data/v66.0/sobjects/Order/801000000000001AAA"},
                "Id":"801000000000001AAA","OrderNumber":"00000100","Status":"Approved",
                "Pricebook2Id":"01s000000000001AAA","AccountId":"001000000000001AAA",
                "Account":{"attributes":{"type":"Account"},"WH_Account__c":"#1234 - Größe & Co"},"WHMCS_Order_ID__c":null,
                "OrderItems":{"totalSize":2,"done":true,"records":[
                {"Id":"802000000000002AAA","Product2Id":"01t000000000002AAA","Product2":{"Name":"Setup",
                "ProductCode":null,"WH_Product_ID__c":null,"Billing_Cycle__c":null},"Quantity":1.0,"UnitPrice":5000.0,
                "WHMCS_Service_ID__c":"7"},
                {"Id":"802000000000001AAA","Product2Id":"01t000000000001AAA","Product2":{"Name":"Fibre",
                "ProductCode":"FIB","WH_Product_ID__c":185.0,"Billing_Cycle__c":"Monthly"},"Quantity":2.0,
                "UnitPrice":19.99,"WHMCS_Service_ID__c":null}]}}
                """#))
        let order = try #require(try wire.salesforce.order(id("801000000000001"), Fields()))
        #expect(order.id.text == "801000000000001AAA")
        #expect((order.number, order.status) == ("00000100", "Approved"))
        #expect((order.pricebookId, order.accountId) == (RecordID("01s000000000001"), RecordID("001000000000001")))
        #expect((order.clientReference, order.whmcsOrderId) == ("#1234 - Größe & Co", nil))

        #expect(order.items.map(\.id.text) == ["802000000000001AAA", "802000000000002AAA"])
        let (fibre, setup) = (order.items[0], order.items[1])
        #expect((fibre.productName, fibre.productCode) == ("Fibre", "FIB"))
        #expect((fibre.whmcsProductId, fibre.billingCycle) == ("185", "Monthly"))
        #expect((fibre.quantity, fibre.unitPrice, fibre.serviceId) == (2, "19.99", nil))
        #expect((setup.productCode, setup.whmcsProductId, setup.billingCycle) == (nil, nil, nil))
        #expect((setup.unitPrice, setup.serviceId) == ("5000", "7"))
    }

    private func soql(_ fields: Fields) throws -> String? {
        let wire = Wire(#"{"totalSize":0,"done":true,"records":[]}"#)
        #expect(try wire.salesforce.order(id("801000000000001"), fields) == nil)
        let url = try #require(wire.requests.first?.url)
        let query = String(url.drop { $0 != "=" }.dropFirst())
        return query.replacing("%20", with: " ").replacing("%2C", with: ",").replacing("%28", with: "(")
            .replacing("%29", with: ")").replacing("%3D", with: "=").replacing("%27", with: "'")
    }

    @Test func theQueryNamesEveryField() throws {
        #expect(
            try soql(Fields())
                == "SELECT Id, OrderNumber, Status, Pricebook2Id, AccountId, Account.WH_Account__c, WHMCS_Order_ID__c, "
                + "(SELECT Id, Product2Id, Product2.Name, Product2.ProductCode, Product2.WH_Product_ID__c, "
                + "Product2.Billing_Cycle__c, Quantity, UnitPrice, WHMCS_Service_ID__c FROM OrderItems) "
                + "FROM Order WHERE Id = '801000000000001AAA'")
    }

    @Test func aNameWithADotIsAPath() throws {
        var fields = Fields()
        fields.client = "Order.Client__c"
        fields.product = "PricebookEntry.Product2.PID__c"
        fields.billingCycle = "OrderItem.Cycle__c"
        #expect(
            try soql(fields)
                == "SELECT Id, OrderNumber, Status, Pricebook2Id, AccountId, Client__c, WHMCS_Order_ID__c, "
                + "(SELECT Id, Product2Id, Product2.Name, Product2.ProductCode, PricebookEntry.Product2.PID__c, "
                + "Cycle__c, Quantity, UnitPrice, WHMCS_Service_ID__c FROM OrderItems) "
                + "FROM Order WHERE Id = '801000000000001AAA'")

        let wire = Wire(
            answer(
                #"""
                {"Id":"801000000000001AAA","client__c":"7","OrderItems":{"done":true,"records":[
                {"Id":"802000000000001AAA","PricebookEntry":{"Product2":{"PID__c":9}},"Cycle__c":"Annual"}]}}
                """#))
        let order = try #require(try wire.salesforce.order(id("801000000000001"), fields))
        // The answer has the org's own capitals.
        #expect(order.clientReference == "7")
        #expect(order.items.map(\.whmcsProductId) == ["9"])
        #expect(order.items.map(\.billingCycle) == ["Annual"])
    }

    @Test func aFieldIsNamedOnlyOnce() throws {
        var fields = Fields()
        fields.product = "ProductCode"
        #expect(try #require(try soql(fields)).components(separatedBy: "Product2.ProductCode").count == 2)
    }

    @Test(arguments: [#","OrderItems":null"#, ""])
    func anOrderWithoutItemsHasNone(_ items: String) throws {
        let wire = Wire(answer(#"{"Id":"801000000000001AAA","Account":null\#(items)}"#))
        let order = try #require(try wire.salesforce.order(id("801000000000001"), Fields()))
        #expect(order.items == [])
        #expect(order.clientReference == nil)
    }

    @Test func theItemsMayGoOnOnOtherPages() throws {
        let next = "/services/data/v66.0/query/0r8-2"
        let wire = Wire(
            answer(
                #"""
                {"Id":"801000000000001AAA","OrderItems":{"totalSize":3,"done":false,"nextRecordsUrl":"\#(next)",
                "records":[\#(item(1)),\#(item(2))]}}
                """#),
            #"{"totalSize":3,"done":true,"records":[\#(item(3))]}"#)
        let order = try #require(try wire.salesforce.order(id("801000000000001"), Fields()))
        #expect(order.items.map { $0.id.text.prefix(15).last } == ["1", "2", "3"])
        #expect(wire.requests.last?.url == "https://acme.my.salesforce.com" + next)
    }

    @Test(arguments: [
        #"{"Id":"801000000000002AAA"}"#,  // another order
        #"{"OrderNumber":"1"}"#,
        #"{"Id":"801000000000001AAA","OrderItems":{"done":true,"records":[{"Quantity":1}]}}"#,
        #"{"Id":"801000000000001AAA","OrderItems":[]}"#,
    ])
    func anOrderOfAnotherShapeIsUnreadable(_ record: String) throws {
        let wire = Wire(answer(record))
        let error = failure { _ = try wire.salesforce.order(try id("801000000000001"), Fields()) }
        #expect(error == .unreadable(doing: "reading the order"))
    }

    @Test(arguments: [
        ("WH_Product_ID__c", true), ("Product2.Name", true), ("PricebookEntry.Product2.X__c", true), ("a", true),
        ("", false), ("1a", false), ("_a", false), ("a.", false), (".a", false), ("a..b", false), ("a b", false),
        ("a, (SELECT Id FROM Users)", false), ("a'", false), ("é", false), ("a-b", false), ("@a", false), ("[a", false),
        ("`a", false), ("{a", false),
    ])
    func onlyANameMayStandInAQuery(_ text: String, _ isName: Bool) {
        #expect(Fields.isName(text) == isName)
    }
}
