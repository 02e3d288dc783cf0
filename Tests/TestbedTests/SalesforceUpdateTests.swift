import JSON
import Testing

@testable import Testbed

@Suite struct SalesforceUpdateTests {
    let session: SalesforceSession

    init() throws {
        session = try SalesforceSession()
    }

    @Test("An update is written, and answered without a body")
    func updates() throws {
        let fields = #"{"Provisioning_Status__c":"Activating","Last_Provisioning_At__c":"2026-11-20T10:15:30.000Z"}"#
        let (status, _, answer) = try session.call("PATCH", SalesforceSession.order, fields)
        #expect(status == 204)
        #expect(answer.body.isEmpty)
        #expect(answer.headers["content-type"] == nil)
        let shortId = "/services/data/v66.0/sobjects/Order/\(Seed.order.prefix(15))"
        _ = try session.call("PATCH", shortId, #"{"Provisioning_Status__c":"Provisioned","WHMCS_Order_ID__c":"77"}"#)
        let order = try #require(session.salesforce.record("Order", Seed.order))
        #expect(order["Provisioning_Status__c"] == "Provisioned")
        #expect(order["WHMCS_Order_ID__c"] == "77")
        #expect(order["Last_Provisioning_At__c"] == "2026-11-20T10:15:30.000+0000")
        #expect(session.salesforce.statusHistory(Seed.order) == ["Activating", "Provisioned"])
        #expect(session.salesforce.statusHistory(Seed.otherOrder) == [])
    }

    @Test(
        "A wrong field changes nothing",
        arguments: [
            (#"{"Nope__c":"x"}"#, "INVALID_FIELD"),
            (#"{"attributes":{"type":"Order"}}"#, "INVALID_FIELD"),
            (#"{"Id":"801Dn0000014UPaIAM"}"#, "INVALID_FIELD"),
            (#"{"OrderNumber":"1"}"#, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            (#"{"Provisioning_Status__c":"Done"}"#, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
            (#"{"WHMCS_Order_ID__c":77}"#, "JSON_PARSER_ERROR"),
            (#"{"Last_Provisioning_At__c":"yesterday"}"#, "JSON_PARSER_ERROR"),
            (#"{"Provisioning_Status__c":"#, "JSON_PARSER_ERROR"),
        ])
    func refusesAWrongField(_ fields: String, code: String) throws {
        let (status, body, _) = try session.call("PATCH", SalesforceSession.order, fields)
        #expect(status == 400)
        #expect(body.array?.first?["errorCode"]?.string == code)
        #expect(session.salesforce.record("Order", Seed.order)?["Provisioning_Status__c"] == nil)
    }

    @Test("A text's length is counted in UTF-16 units")
    func limitsTheLength() throws {
        func write(_ text: String) throws -> JSON? {
            try session.call("PATCH", SalesforceSession.order, #"{"Provisioning_Error_Message__c":"\#(text)"}"#).body
                .array?.first
        }
        #expect(try write(String(repeating: "ü", count: 255)) == nil)
        #expect(try write(String(repeating: "ü", count: 256))?["errorCode"] == "STRING_TOO_LONG")
        #expect(try write(String(repeating: "🚀", count: 128))?["fields"] == ["Provisioning_Error_Message__c"])
        #expect(session.salesforce.record("Order", Seed.order)?["Provisioning_Error_Message__c"]?.string?.count == 255)
    }

    @Test(
        "An unknown record is not found",
        arguments: [
            "Order/801Dn0000014UPzIAM", "Order/nonsense", "Nope/801Dn0000014UPaIAM", "Order/801Dn0000014UPaAAA",
        ])
    func refusesAnUnknownRecord(_ path: String) throws {
        let (status, body, _) = try session.call("PATCH", "/services/data/v66.0/sobjects/\(path)", "{}")
        #expect(status == 404)
        #expect(body.array?.first?["errorCode"] == "NOT_FOUND")
    }

    // MARK: Collections

    static let mixed = #"""
        {"allOrNone":false,"records":[
          {"attributes":{"type":"Order"},"id":"801Dn0000014UPaIAM","Provisioning_Status__c":"Activating"},
          {"attributes":{"type":"Order"},"id":"801Dn0000014UPbIAM","Provisioning_Status__c":"Nope"},
          {"attributes":{"type":"Order"},"id":"801Dn0000014UPzIAM","Provisioning_Status__c":"Failed"}]}
        """#

    @Test("A collection has a result for each record")
    func reportsEachRecord() throws {
        let (status, body, _) = try session.call("PATCH", "/services/data/v66.0/composite/sobjects", Self.mixed)
        #expect(status == 200)
        #expect(body.array?.map { $0["success"] } == [true, false, false])
        #expect(body.array?.first == ["id": .string(Seed.order), "success": true, "errors": []])
        #expect(
            body.array?.dropFirst().map { $0["errors"]?.array?.first?["statusCode"]?.string }
                == ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_CROSS_REFERENCE_KEY"])
        #expect(session.salesforce.statusHistory(Seed.order) == ["Activating"])
    }

    @Test("allOrNone rolls a collection back")
    func rollsBack() throws {
        let strict = Self.mixed.replacing(#""allOrNone":false"#, with: #""allOrNone":true"#)
        let (status, body, _) = try session.call("PATCH", "/services/data/v66.0/composite/sobjects", strict)
        #expect(status == 200)
        #expect(body.array?.map { $0["success"] } == [false, false, false])
        #expect(
            body.array?.first?["errors"]?.array?.first?["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK")
        #expect(session.salesforce.record("Order", Seed.order)?["Provisioning_Status__c"] == nil)
        #expect(session.salesforce.statusHistory(Seed.order) == [])
    }
}
