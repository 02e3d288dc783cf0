import TestSupport
import Foundation
import HTTP
import Testing

@testable import Salesforce

@Suite struct OrderTests {
    private func id(_ text: String = "801000000000001") throws -> RecordID { try #require(RecordID(text)) }

    private func answer(_ record: String) -> String { #"{"totalSize":1,"done":true,"records":[\#(record)]}"# }

    private func item(_ last: Int) -> String {
        #"{"attributes":{"type":"OrderItem"},"Id":"80200000000000\#(last)AAA"}"#
    }

    private let empty = #"{"totalSize":0,"done":true,"records":[]}"#

    @Test("Values are looked up by the paths of the query") func valuesByPath() throws {
        let http = FakeHTTPClient(
            answer(
                #"""
                {"attributes":{"type":"Order","url":"/services/data/v66.0/sobjects/Order/801000000000001AAA"},
                "Id":"801000000000001AAA","Status":"Approved","Closed__c":null,"Flag__c":true,
                "Account":{"attributes":{"type":"Account"},"Client__c":"#1234 - Größe & Co"},
                "OrderItems":{"totalSize":2,"done":true,"records":[
                {"Id":"802000000000002AAA","Product2":null},
                {"Id":"802000000000001AAA","Product2":{"Name":"Fibre","Number__c":185.0},"UnitPrice":19.99}]}}
                """#))
        let (order, items) = try #require(
            try http.salesforce.order(
                id(), selecting: ["Status", "Account.Client__c"], itemsSelecting: ["Product2.Name", "UnitPrice"]))
        #expect(order.id.text == "801000000000001AAA")
        #expect((order["Status"], order["Account.Client__c"]) == ("Approved", "#1234 - Größe & Co"))
        // The answer has the org's own capitals.
        #expect((order["account.CLIENT__C"], order["Closed__c"], order["Other__c"]) == ("#1234 - Größe & Co", nil, nil))
        #expect((order["Flag__c"], order["Account"], order["Status.Name"]) == (nil, nil, nil))

        #expect(items.map(\.id.text) == ["802000000000001AAA", "802000000000002AAA"])
        #expect(items.map { $0["Product2.Name"] } == ["Fibre", nil])
        #expect((items[0]["Product2.Number__c"], items[0]["UnitPrice"]) == ("185", "19.99"))
    }

    @Test("The query selects each path once") func query() throws {
        let http = FakeHTTPClient(empty)
        #expect(
            try http.salesforce.order(
                id(), selecting: ["Status", "Account.Client__c", "STATUS"],
                itemsSelecting: ["Product2.Name", "Id", "product2.name"]) == nil)
        #expect(
            try #require(http.requests.first).soql
                == "SELECT Id, Status, Account.Client__c, (SELECT Id, Product2.Name FROM OrderItems) "
                + "FROM Order WHERE Id = '801000000000001AAA'")
    }

    @Test("An order without items has none", arguments: [#","OrderItems":null"#, ""])
    func noItems(_ items: String) throws {
        let http = FakeHTTPClient(answer(#"{"Id":"801000000000001AAA","Account":null\#(items)}"#))
        let (order, rows) = try #require(try http.salesforce.order(id(), selecting: [], itemsSelecting: []))
        #expect(rows == [])
        #expect(order["Account.Client__c"] == nil)
    }

    @Test("Items are read from all pages") func itemPages() throws {
        let next = "/services/data/v66.0/query/0r8-2"
        let http = FakeHTTPClient(
            answer(
                #"""
                {"Id":"801000000000001AAA","OrderItems":{"totalSize":3,"done":false,"nextRecordsUrl":"\#(next)",
                "records":[\#(item(1)),\#(item(2))]}}
                """#),
            #"{"totalSize":3,"done":true,"records":[\#(item(3))]}"#)
        let (_, items) = try #require(try http.salesforce.order(id(), selecting: [], itemsSelecting: []))
        #expect(items.map { $0.id.text.prefix(15).last } == ["1", "2", "3"])
        #expect(http.requests.last?.url == "https://acme.my.salesforce.com" + next)
    }

    @Test(
        "An order of another shape is unreadable",
        arguments: [
            #"{"Id":"801000000000002AAA"}"#,  // another order
            #"{"OrderNumber":"1"}"#,
            #"{"Id":"801000000000001AAA","OrderItems":{"done":true,"records":[{"Quantity":1}]}}"#,
            #"{"Id":"801000000000001AAA","OrderItems":[]}"#,
        ])
    func otherShape(_ record: String) throws {
        let http = FakeHTTPClient(answer(record))
        let error = failure { _ = try http.salesforce.order(try id(), selecting: [], itemsSelecting: []) }
        #expect(error == .unreadable(doing: "reading the order"))
    }
}

@Suite struct SOQLTests {
    @Test(
        "Only a path of API names may stand in a query",
        arguments: [
            ("WH_Product_ID__c", true), ("Product2.Name", true), ("PricebookEntry.Product2.X__c", true), ("a", true),
            ("", false), ("1a", false), ("_a", false), ("a.", false), (".a", false), ("a..b", false), ("a b", false),
            ("a, (SELECT Id FROM Users)", false), ("a'", false), ("é", false), ("a-b", false), ("@a", false),
            ("[a", false), ("`a", false), ("{a", false),
        ])
    func isFieldPath(_ text: String, _ isPath: Bool) {
        #expect(SOQL.isFieldPath(text) == isPath)
    }

    @Test(
        "A literal escapes quotes and backslashes",
        arguments: [("", "''"), ("a", "'a'"), ("O'Neil", #"'O\'Neil'"#), (#"a\"#, #"'a\\'"#), (#"\'"#, #"'\\\''"#)])
    func literal(_ text: String, _ literal: String) {
        #expect(SOQL.literal(text) == literal)
    }
}

extension Request {
    /// The query of its URL.
    fileprivate var soql: String? { String(url.drop { $0 != "=" }.dropFirst()).removingPercentEncoding }
}
