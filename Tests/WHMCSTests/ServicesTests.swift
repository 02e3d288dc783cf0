import TestSupport
import Testing
import WHMCS

@Suite struct ServicesTests {
    private func answer(_ row: String) -> String {
        #"{"result":"success","clientid":7,"totalresults":1,"products":{"product":[\#(row)]}}"#
    }

    @Test("A service is read without its password") func reading() throws {
        let http = FakeHTTPClient(
            answer(
                #"""
                {"id":"4","clientid":"7","orderid":"12","pid":"185","status":"Active","domain":"example.org",
                "password":"hush","customfields":{"customfield":[
                  {"id":"101","name":"OpportunityId","value":"801Rx0000000001IAA"},
                  {"id":102,"name":"Site","value":"<a href=\"https://a.example/?b=1\" target=\"_blank\">https://a.example/?b=1</a>"},
                  {"id":103,"name":"Empty","value":null},
                  {"id":104,"name":"Text","value":"<a href=x>y</a> and more"}]}}
                """#))
        let services = try http.whmcs.services(clientId: 7)
        #expect(http.sent == ["action=GetClientsProducts&clientid=7&limitstart=0&limitnum=250"])
        let service = try #require(services.first)
        #expect((service.id, service.orderId, service.productId) == (4, 12, 185))
        #expect(
            service.customFields == [
                101: "801Rx0000000001IAA", 102: "https://a.example/?b=1", 103: "", 104: "<a href=x>y</a> and more",
            ])
        #expect(!String(reflecting: services).contains("hush"))
    }

    @Test(
        "Missing custom fields have many shapes",
        arguments: [
            "", #","customfields":"""#, #","customfields":[]"#, #","customfields":{"customfield":""}"#,
        ])
    func noCustomFields(_ fields: String) throws {
        let row = #"{"id":4,"clientid":7,"orderid":0,"pid":185,"status":"Pending"\#(fields)}"#
        let service = try #require(try FakeHTTPClient(answer(row)).whmcs.services(clientId: 7).first)
        #expect(service.customFields == [:])
        #expect(service.orderId == nil)
    }

    /// An unread custom field may hold the marker.
    @Test(
        "A malformed service is unreadable",
        arguments: [
            #"{"id":4,"clientid":7,"pid":185,"status":"Pending","customfields":"?"}"#,
            #"{"id":4,"clientid":7,"pid":185,"status":"Pending","customfields":{"customfield":[{"value":"801"}]}}"#,
            #"{"id":4,"clientid":7,"status":"Pending"}"#,
        ])
    func unreadable(_ row: String) throws {
        let whmcs = try FakeHTTPClient(answer(row)).whmcs
        guard
            case .unreadable("GetClientsProducts", _, mayHaveHappened: false) = failure({
                _ = try whmcs.services(clientId: 7)
            })
        else {
            Issue.record("it was read")
            return
        }
    }

    @Test("Services of another client are refused", arguments: [#""clientid":8,"#, ""])
    func otherClient(_ client: String) throws {
        let whmcs = try FakeHTTPClient(answer(#"{"id":4,\#(client)"pid":185,"status":"Active"}"#)).whmcs
        #expect(failure { _ = try whmcs.services(clientId: 7) } == .foreignRows(action: "GetClientsProducts"))
    }

    @Test(
        "What a service costs and how it is set up is read, as far as WHMCS says it",
        arguments: [
            (
                #","status":"Pending","billingcycle":"One Time","recurringamount":"0.00","firstpaymentamount":9.5,"qty":"3","domain":"a.example""#,
                ["Pending", "One Time", "0.00", "9.5", "3", "a.example"]
            ),
            (
                #","status":"Active","billingcycle":"Monthly","qty":0,"domain":"""#,
                ["Active", "Monthly", nil, nil, "1", ""]
            ),
            ("", [nil, nil, nil, nil, "1", nil]),
        ] as [(String, [String?])])
    func details(_ members: String, _ expected: [String?]) throws {
        let row = #"{"id":4,"clientid":7,"pid":185\#(members)}"#
        let service = try #require(try FakeHTTPClient(answer(row)).whmcs.services(clientId: 7).first)
        #expect(
            [
                service.status, service.cycle, service.recurringAmount, service.firstPaymentAmount,
                String(service.quantity), service.domain,
            ] == expected)
    }
}
