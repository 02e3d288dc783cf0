import JSON
import Testing

@testable import Testbed

@Suite struct SalesforceQueryTests {
    let session: SalesforceSession

    init() throws {
        session = try SalesforceSession()
    }

    @Test("Only a valid token is accepted")
    func checksTheToken() throws {
        let refusal: JSON = [["errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"]]
        let wrong = try session.call("GET", "/services/data/v66.0/query?q=x", token: "00D!wrong")
        #expect(wrong.status == 401)
        #expect(wrong.body == refusal)
        #expect(try request(session.salesforce.port, "PATCH", SalesforceSession.order, body: "{}")?.status == 401)
        session.salesforce.revokeTokens()
        #expect(try session.query("SELECT Id FROM Order").body == refusal)
    }

    @Test("Retired API versions are refused", arguments: [("v30.0", 410), ("v21.0", 410), ("v31.0", 200), ("66", 404)])
    func refusesRetiredVersions(_ version: String, status: Int) throws {
        #expect(try session.call("GET", "/services/data/\(version)/query?q=SELECT+Id+FROM+Account").status == status)
    }

    @Test("Every answer has the API usage")
    func reportsTheUsage() throws {
        let good = try session.query("SELECT Id FROM Account")
        let bad = try session.query("SELECT")
        #expect(good.answer.headers["sforce-limit-info"] == "api-usage=1/100000")
        #expect(bad.answer.headers["sforce-limit-info"] == "api-usage=2/100000")
    }

    @Test("A query returns an order with its account and lines")
    func returnsAnOrder() throws {
        let (status, body, answer) = try session.query(
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

    @Test("Rows and children come in pages")
    func returnsPages() throws {
        let soql = "SELECT Id, (SELECT Id FROM OrderItems) FROM Order WHERE Id = '\(Seed.unmappedOrder)'"
        let children = try #require(try session.query(soql).body["records"]?.array?.first?["OrderItems"])
        #expect(children["totalSize"] == 3)
        #expect(children["done"] == false)
        #expect(children["records"]?.array?.count == 2)
        let next = try session.call("GET", try #require(children["nextRecordsUrl"]?.string)).body
        #expect(next["done"] == true)
        #expect(next["records"]?.array?.first?["attributes"]?["type"] == "OrderItem")
        #expect(next["records"]?.array?.count == 1)

        var page = try session.query("select ID from order order by OrderNumber desc").body
        var ids = page["records"]?.array?.compactMap { $0["Id"]?.string } ?? []
        while let url = page["nextRecordsUrl"]?.string {
            page = try session.call("GET", url).body
            ids += page["records"]?.array?.compactMap { $0["Id"]?.string } ?? []
        }
        #expect(ids.count == 6)
        #expect(ids.first == Seed.otherOrder)
        #expect(ids.last == Seed.order)
        #expect(try session.call("GET", "/services/data/v66.0/query/01gXX-2").status == 400)
    }

    @Test("Absent children and relationships are null")
    func returnsNullForAbsence() throws {
        let id = session.salesforce.update { $0.addOrder(account: Seed.notLinkedAccount, lines: []) }
        let order = try session.query(
            "SELECT Account.WH_Account__c, (SELECT Id FROM OrderItems) FROM Order WHERE Id = '\(id)'"
        ).body["records"]?.array?.first
        #expect(order?["OrderItems"] == .null)
        #expect(order?["Account"]?["WH_Account__c"] == .null)
        let orphan = session.salesforce.add("Order", ["Status": "Draft"])
        let row = try session.query("SELECT Account.Name FROM Order WHERE Id = '\(orphan)'").body["records"]?.array?
            .first
        #expect(row?["Account"] == .null)
    }

    @Test("Conditions and LIMIT select rows")
    func selectsRows() throws {
        let soql = "SELECT Id FROM OrderItem WHERE OrderId = '\(Seed.otherOrder)' AND Quantity = 1"
        #expect(try session.query(soql).body["totalSize"] == 1)
        #expect(try session.query(soql + " AND Billing_Cycle__c != 'Annual'").body["totalSize"] == 0)
        let ids = "('\(Seed.order)', '\(Seed.otherOrder)')"
        #expect(try session.query("SELECT Id FROM OrderItem WHERE OrderId IN \(ids) LIMIT 2").body["totalSize"] == 2)
    }

    @Test(
        "A wrong query is refused with its error code",
        arguments: [
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
    func refusesAWrongQuery(_ soql: String, code: String) throws {
        let (status, body, _) = try session.query(soql)
        #expect(status == 400)
        #expect(body.array?.first?["errorCode"]?.string == code)
    }

    @Test("A backslash escapes a quote")
    func readsEscapes() throws {
        session.salesforce.add("Account", ["Name": "O'Neill \\ Sons"])
        let soql = #"SELECT Name FROM Account WHERE Name = 'O\'Neill \\ Sons'"#
        #expect(try session.query(soql).body["records"]?.array?.first?["Name"] == "O'Neill \\ Sons")
    }
}
