import Foundation
import HTTP
import JSON
import Testbed
import Testing

@Suite struct SalesforceDataTests {
    let salesforce: SalesforceSimulator
    let token: String

    init() throws {
        let app = SalesforceSimulator.App(clientId: "c", username: "u")
        salesforce = try SalesforceSimulator(app: app, pageSize: 2)
        token = salesforce.issueToken()
    }

    func call(_ method: String, _ target: String, _ body: String = "", token: String? = nil) throws -> (
        status: Int, body: JSON, answer: RawHTTP.Response
    ) {
        let answer = try #require(
            try request(
                salesforce.port, method, target, headers: ["Authorization": "Bearer \(token ?? self.token)"],
                body: body))
        return (answer.status, JSON(answer.body) ?? .null, answer)
    }

    func query(_ soql: String) throws -> (status: Int, body: JSON, answer: RawHTTP.Response) {
        try call("GET", "/services/data/v66.0/query?q=\(formEncoded(soql))")
    }

    static let order = "/services/data/v66.0/sobjects/Order/\(Seed.order)"

    // MARK: Session

    @Test func theTokenIsChecked() throws {
        let refusal: JSON = [["errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"]]
        let wrong = try call("GET", "/services/data/v66.0/query?q=x", token: "00D!wrong")
        #expect(wrong.status == 401)
        #expect(wrong.body == refusal)
        #expect(try request(salesforce.port, "PATCH", Self.order, body: "{}")?.status == 401)
        #expect(try call("GET", "/services/oauth2/userinfo").status == 200)
        salesforce.revokeTokens()
        #expect(try query("SELECT Id FROM Order").body == refusal)
        #expect(try call("GET", "/services/oauth2/userinfo").status == 403)
    }

    @Test(arguments: [("v30.0", 410), ("v21.0", 410), ("v31.0", 200), ("66", 404)])
    func oldVersionsAreGone(_ version: String, status: Int) throws {
        #expect(try call("GET", "/services/data/\(version)/query?q=SELECT+Id+FROM+Account").status == status)
    }

    @Test func usageIsToldOnEveryAnswer() throws {
        let good = try query("SELECT Id FROM Account")
        let bad = try query("SELECT")
        #expect(good.answer.headers["sforce-limit-info"] == "api-usage=1/100000")
        #expect(bad.answer.headers["sforce-limit-info"] == "api-usage=2/100000")
    }

    // MARK: Query

    @Test func anOrderWithItsAccountAndLines() throws {
        let (status, body, answer) = try query(
            """
            SELECT Id, Status, Provisioning_Status__c, Account.WH_Account__c, Account.SF_Account_No__c,
              (SELECT Id, Quantity, Billing_Cycle__c, Product2.WH_Product_ID__c, PricebookEntry.Product2.Name
               FROM OrderItems ORDER BY Id)
            FROM Order WHERE Id = '\(Seed.order.prefix(15))' AND Status = 'Approved'
            """)
        #expect(status == 200)
        #expect(body["totalSize"] == 1)
        #expect(body["done"] == true)
        let order = try #require(body["records"]?.array?.first)
        #expect(order["Id"]?.string == Seed.order)
        #expect(order["Provisioning_Status__c"] == .null)
        #expect(
            order["attributes"] == [
                "type": "Order", "url": .string("/services/data/v66.0/sobjects/Order/\(Seed.order)"),
            ])
        #expect(order["Account"]?["WH_Account__c"] == "#1234 - Example Hosting Ltd")
        #expect(order["Account"]?["SF_Account_No__c"] == "P0001")
        #expect(order["Account"]?["attributes"]?["type"] == "Account")
        let lines = try #require(order["OrderItems"]?["records"]?.array)
        #expect(order["OrderItems"]?["totalSize"] == 2)
        #expect(lines.map { $0["Product2"]?["WH_Product_ID__c"] } == [185, 186])
        #expect(lines.map { $0["Billing_Cycle__c"] } == ["Monthly", "Onetime"])
        #expect(lines.map { $0["Quantity"] } == [1, 2])
        #expect(lines[1]["PricebookEntry"]?["Product2"]?["Name"] == "Installation")
        #expect(answer.text.contains(#""WH_Product_ID__c":185.0"#))
        #expect(answer.text.contains(#""totalSize":2"#))
    }

    @Test func rowsAndChildrenComeInPages() throws {
        let soql = "SELECT Id, (SELECT Id FROM OrderItems) FROM Order WHERE Id = '\(Seed.unmappedOrder)'"
        let children = try #require(try query(soql).body["records"]?.array?.first?["OrderItems"])
        #expect(children["totalSize"] == 3)
        #expect(children["done"] == false)
        #expect(children["records"]?.array?.count == 2)
        let next = try call("GET", try #require(children["nextRecordsUrl"]?.string)).body
        #expect(next["done"] == true)
        #expect(next["records"]?.array?.first?["attributes"]?["type"] == "OrderItem")
        #expect(next["records"]?.array?.count == 1)

        var page = try query("select ID from order order by OrderNumber desc").body
        var ids = page["records"]?.array?.compactMap { $0["Id"]?.string } ?? []
        while let url = page["nextRecordsUrl"]?.string {
            page = try call("GET", url).body
            ids += page["records"]?.array?.compactMap { $0["Id"]?.string } ?? []
        }
        #expect(ids.count == 6)
        #expect(ids.first == Seed.otherOrder)
        #expect(ids.last == Seed.order)
        #expect(try call("GET", "/services/data/v66.0/query/01gXX-2").status == 400)
    }

    @Test func absenceIsNull() throws {
        let id = salesforce.update { $0.addOrder(account: Seed.notLinkedAccount, lines: []) }
        let order = try query(
            "SELECT Account.WH_Account__c, (SELECT Id FROM OrderItems) FROM Order WHERE Id = '\(id)'"
        ).body["records"]?.array?.first
        #expect(order?["OrderItems"] == .null)
        #expect(order?["Account"]?["WH_Account__c"] == .null)
        let orphan = salesforce.add("Order", ["Status": "Draft"])
        let row = try query("SELECT Account.Name FROM Order WHERE Id = '\(orphan)'").body["records"]?.array?.first
        #expect(row?["Account"] == .null)
    }

    @Test func linesByOrder() throws {
        let soql = "SELECT Id FROM OrderItem WHERE OrderId = '\(Seed.otherOrder)' AND Quantity = 1"
        #expect(try query(soql).body["totalSize"] == 1)
        #expect(try query(soql + " AND Billing_Cycle__c != 'Annual'").body["totalSize"] == 0)
        let ids = "('\(Seed.order)', '\(Seed.otherOrder)')"
        #expect(try query("SELECT Id FROM OrderItem WHERE OrderId IN \(ids) LIMIT 2").body["totalSize"] == 2)
    }

    @Test(arguments: [
        ("SELECT Nope__c FROM Order", "INVALID_FIELD"),
        ("SELECT Id FROM Order WHERE Nope__c = 'x' AND Id = '801Dn0000014UPaIAM'", "INVALID_FIELD"),
        ("SELECT Owner.Name FROM Order", "INVALID_FIELD"),
        ("SELECT Account.Nope FROM Order", "INVALID_FIELD"),
        ("SELECT Id, (SELECT Nope FROM OrderItems) FROM Order WHERE Id = '801Dn0000014UPzIAM'", "INVALID_FIELD"),
        ("SELECT Id, (SELECT Id FROM Lines) FROM Order", "INVALID_TYPE"),
        ("SELECT Id FROM Orders", "INVALID_TYPE"),
        ("SELECT Id FROM Order WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Order WHERE Id = '801Dn0000014UPaIAM", "MALFORMED_QUERY"),
        ("SELECT Id Status FROM Order", "MALFORMED_QUERY"),
        ("SELECT FROM Order WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Order WHERE Id = '' OR Id = ''", "MALFORMED_QUERY"),
        ("SELECT * FROM Order", "MALFORMED_QUERY"),
        ("SELECT Id FROM Order LIMIT -1", "MALFORMED_QUERY"),
        ("SELECT Id, AccountId, id FROM Order", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ])
    func wrongQueriesAreRefused(_ soql: String, code: String) throws {
        let (status, body, _) = try query(soql)
        #expect(status == 400)
        #expect(body.array?.first?["errorCode"]?.string == code)
    }

    @Test func quotesAreEscapedWithABackslash() throws {
        salesforce.add("Account", ["Name": "O'Neill \\ Sons"])
        let soql = #"SELECT Name FROM Account WHERE Name = 'O\'Neill \\ Sons'"#
        #expect(try query(soql).body["records"]?.array?.first?["Name"] == "O'Neill \\ Sons")
    }

    // MARK: Update

    @Test func anUpdateIsAnsweredWithoutABody() throws {
        let fields = #"{"Provisioning_Status__c":"Activating","Last_Provisioning_At__c":"2026-11-20T10:15:30.000Z"}"#
        let (status, _, answer) = try call("PATCH", Self.order, fields)
        #expect(status == 204)
        #expect(answer.body.isEmpty)
        #expect(answer.headers["content-type"] == nil)
        let shortId = "/services/data/v66.0/sobjects/Order/\(Seed.order.prefix(15))"
        _ = try call("PATCH", shortId, #"{"Provisioning_Status__c":"Provisioned","WHMCS_Order_ID__c":"77"}"#)
        let order = try #require(salesforce.record("Order", Seed.order))
        #expect(order["Provisioning_Status__c"] == "Provisioned")
        #expect(order["WHMCS_Order_ID__c"] == "77")
        #expect(order["Last_Provisioning_At__c"] == "2026-11-20T10:15:30.000+0000")
        #expect(salesforce.statusHistory(Seed.order) == ["Activating", "Provisioned"])
        #expect(salesforce.statusHistory(Seed.otherOrder) == [])
    }

    @Test(arguments: [
        (#"{"Nope__c":"x"}"#, "INVALID_FIELD"),
        (#"{"attributes":{"type":"Order"}}"#, "INVALID_FIELD"),
        (#"{"Id":"801Dn0000014UPaIAM"}"#, "INVALID_FIELD"),
        (#"{"OrderNumber":"1"}"#, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (#"{"Provisioning_Status__c":"Done"}"#, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (#"{"WHMCS_Order_ID__c":77}"#, "JSON_PARSER_ERROR"),
        (#"{"Last_Provisioning_At__c":"yesterday"}"#, "JSON_PARSER_ERROR"),
        (#"{"Provisioning_Status__c":"#, "JSON_PARSER_ERROR"),
    ])
    func wrongFieldsChangeNothing(_ fields: String, code: String) throws {
        let (status, body, _) = try call("PATCH", Self.order, fields)
        #expect(status == 400)
        #expect(body.array?.first?["errorCode"]?.string == code)
        #expect(salesforce.record("Order", Seed.order)?["Provisioning_Status__c"] == nil)
    }

    @Test func lengthIsCountedInUTF16() throws {
        func write(_ text: String) throws -> JSON? {
            try call("PATCH", Self.order, #"{"Provisioning_Error_Message__c":"\#(text)"}"#).body.array?.first
        }
        #expect(try write(String(repeating: "ü", count: 255)) == nil)
        #expect(try write(String(repeating: "ü", count: 256))?["errorCode"] == "STRING_TOO_LONG")
        #expect(try write(String(repeating: "🚀", count: 128))?["fields"] == ["Provisioning_Error_Message__c"])
        #expect(salesforce.record("Order", Seed.order)?["Provisioning_Error_Message__c"]?.string?.count == 255)
    }

    @Test(arguments: [
        "Order/801Dn0000014UPzIAM", "Order/nonsense", "Nope/801Dn0000014UPaIAM", "Order/801Dn0000014UPaAAA",
    ])
    func whatIsNotThereIsNotFound(_ path: String) throws {
        let (status, body, _) = try call("PATCH", "/services/data/v66.0/sobjects/\(path)", "{}")
        #expect(status == 404)
        #expect(body.array?.first?["errorCode"] == "NOT_FOUND")
    }

    // MARK: Several at once

    static let mixed = #"""
        {"allOrNone":false,"records":[
          {"attributes":{"type":"Order"},"id":"801Dn0000014UPaIAM","Provisioning_Status__c":"Activating"},
          {"attributes":{"type":"Order"},"id":"801Dn0000014UPbIAM","Provisioning_Status__c":"Nope"},
          {"attributes":{"type":"Order"},"id":"801Dn0000014UPzIAM","Provisioning_Status__c":"Failed"}]}
        """#

    @Test func aCollectionReportsEachRecord() throws {
        let (status, body, _) = try call("PATCH", "/services/data/v66.0/composite/sobjects", Self.mixed)
        #expect(status == 200)
        #expect(body.array?.map { $0["success"] } == [true, false, false])
        #expect(body.array?.first == ["id": .string(Seed.order), "success": true, "errors": []])
        #expect(
            body.array?.dropFirst().map { $0["errors"]?.array?.first?["statusCode"]?.string }
                == ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_CROSS_REFERENCE_KEY"])
        #expect(salesforce.statusHistory(Seed.order) == ["Activating"])
    }

    @Test func allOrNoneRollsACollectionBack() throws {
        let strict = Self.mixed.replacing(#""allOrNone":false"#, with: #""allOrNone":true"#)
        let (status, body, _) = try call("PATCH", "/services/data/v66.0/composite/sobjects", strict)
        #expect(status == 200)
        #expect(body.array?.map { $0["success"] } == [false, false, false])
        #expect(
            body.array?.first?["errors"]?.array?.first?["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK")
        #expect(salesforce.record("Order", Seed.order)?["Provisioning_Status__c"] == nil)
        #expect(salesforce.statusHistory(Seed.order) == [])
    }

    func composite(status: String, options: String) throws -> [JSON] {
        let soql = formEncoded("SELECT Provisioning_Status__c FROM Order WHERE Id = '\(Seed.order)'")
        let body = #"""
            {\#(options)"compositeRequest":[
              {"method":"PATCH","url":"\#(Self.order)","referenceId":"mark","body":{"Provisioning_Status__c":"\#(status)"}},
              {"method":"GET","url":"/services/data/v66.0/query?q=\#(soql)","referenceId":"read"}]}
            """#
        let (status, answer, _) = try call("POST", "/services/data/v66.0/composite", body)
        #expect(status == 200)
        return answer["compositeResponse"]?.array ?? []
    }

    @Test(arguments: [(#""collateSubrequests":false,"#, JSON.string("Activating")), ("", .null)])
    func onlyUncollatedSubrequestsKeepTheirOrder(_ options: String, seen: JSON) throws {
        let responses = try composite(status: "Activating", options: options)
        #expect(responses.map { $0["referenceId"] } == ["mark", "read"])
        #expect(responses.map { $0["httpStatusCode"] } == [204, 200])
        #expect(responses[0]["body"] == .null)
        #expect(responses[1]["body"]?["records"]?.array?.first?["Provisioning_Status__c"] == seen)
    }

    @Test func aCompositeHidesFailuresIn200() throws {
        let loose = try composite(status: "Nope", options: "")
        #expect(loose.map { $0["httpStatusCode"] } == [400, 200])
        let strict = try composite(status: "Nope", options: #""allOrNone":true,"#)
        #expect(strict.map { $0["httpStatusCode"] } == [400, 400])
        #expect(strict[1]["body"]?.array?.first?["errorCode"] == "PROCESSING_HALTED")
    }
}
