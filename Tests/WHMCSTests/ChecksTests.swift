import TestSupport
import Testing
import WHMCS

/// The checks before ordering: client, pay methods, products.
@Suite struct ClientDetailsTests {
    private func answer(_ client: String) -> String { #"{"result":"success","status":"Nonsense","client":\#(client)}"# }

    @Test("A client is read from the client object") func reading() throws {
        let http = FakeHTTPClient(
            answer(
                #"""
                {"id":7,"status":"Active","currency":"1","currency_code":"JPY","email":"a@b.example",
                "customfields":[{"id":198,"value":"000123"}],"customfields1":"000123"}
                """#))
        let details = try #require(try http.whmcs.clientDetails(7))
        #expect(http.sent == ["action=GetClientsDetails&clientid=7&stats=0"])
        #expect((details.status, details.isClosed, details.currencyCode) == ("Active", false, "JPY"))
        #expect(!String(reflecting: details).contains("a@b.example"))
    }

    @Test("A closed client is closed") func closed() throws {
        let http = FakeHTTPClient(answer(#"{"id":"7","status":"Closed","currency_code":"EUR","customfields":""}"#))
        #expect(try http.whmcs.clientDetails(7)?.isClosed == true)
    }

    @Test("An unknown client is nil") func unknown() throws {
        #expect(try FakeHTTPClient(#"{"result":"error","message":"Client Not Found"}"#).whmcs.clientDetails(7) == nil)
    }

    @Test("Another client is refused") func otherClient() throws {
        let whmcs = try FakeHTTPClient(answer(#"{"id":8,"status":"Active","currency_code":"EUR"}"#)).whmcs
        #expect(failure { _ = try whmcs.clientDetails(7) } == .foreignRows(action: "GetClientsDetails"))
    }

    @Test(
        "An answer without a client object is unreadable",
        arguments: [
            #"{"result":"success","id":7,"status":"Active","currency_code":"EUR"}"#,
            #"{"result":"success","client":""}"#,
        ])
    func noClientObject(_ answer: String) throws {
        let whmcs = try FakeHTTPClient(answer).whmcs
        #expect(
            failure { _ = try whmcs.clientDetails(7) }
                == .unreadable(
                    action: "GetClientsDetails", "no client with status and currency", mayHaveHappened: false))
    }
}

@Suite struct PayMethodsTests {
    @Test(
        "A client has a pay method or none",
        arguments: [
            (#"[]"#, false), (#""""#, false), (#"[{"id":1,"type":"CreditCard","card_last_four":"4242"}]"#, true),
            (#"{"0":{"id":"1","type":"BankAccount"},"1":{"id":"2","type":"RemoteCreditCard"}}"#, true),
        ])
    func reading(_ list: String, _ hasOne: Bool) throws {
        let http = FakeHTTPClient(#"{"result":"success","clientid":"7","paymethods":\#(list)}"#)
        #expect(try http.whmcs.hasPayMethod(clientId: 7) == hasOne)
        #expect(http.sent == ["action=GetPayMethods&clientid=7"])
    }

    /// A misread answer must count neither as a pay method nor as none.
    @Test(
        "An answer of another shape is unreadable",
        arguments: [
            #"{"result":"success"}"#, #"{"result":"success","payMethods":[]}"#,
            #"{"result":"success","paymethods":false}"#,
            #"{"result":"success","paymethods":[{"id":1}]}"#,
            #"{"result":"success","paymethods":[{"type":"CreditCard"}]}"#,
            #"{"result":"success","paymethods":["CreditCard"]}"#,
        ])
    func otherShape(_ answer: String) throws {
        let whmcs = try FakeHTTPClient(answer).whmcs
        guard
            case .unreadable("GetPayMethods", _, mayHaveHappened: false) = failure({
                _ = try whmcs.hasPayMethod(clientId: 7)
            })
        else {
            Issue.record("it was read")
            return
        }
    }

    @Test("Pay methods of another client are refused") func otherClient() throws {
        let whmcs = try FakeHTTPClient(#"{"result":"success","clientid":8,"paymethods":[]}"#).whmcs
        #expect(failure { _ = try whmcs.hasPayMethod(clientId: 7) } == .foreignRows(action: "GetPayMethods"))
    }
}

@Suite struct ProductsTests {
    private let answer = #"""
        {"result":"success","totalresults":4,"products":{"product":[
        {"pid":"185","paytype":"recurring","pricing":{"JPY":{"prefix":"¥","msetupfee":"0.00","monthly":"1200.00",
          "quarterly":"-1.00","annually":0,"biennially":"-1.00"},"EUR":{"monthly":"-1.00","annually":"99.00"}},
          "customfields":{"customfield":[{"id":"101","name":"OpportunityId","type":"text"}]}},
        {"pid":9,"paytype":"onetime","pricing":{"JPY":{"monthly":"5000.00","annually":"1.00"},"EUR":{"monthly":"-1.00"}}},
        {"pid":3,"paytype":"free","pricing":{"JPY":{"monthly":"0.00"}},"customfields":""},
        {"pid":4,"paytype":"recurring","pricing":[]}]}}
        """#

    @Test("Products are read in one call") func reading() throws {
        let http = FakeHTTPClient(answer)
        let products = try http.whmcs.products([185, 9, 77])
        #expect(http.sent == ["action=GetProducts&pid=9%2C77%2C185"])
        // 77 does not exist, and 3 and 4 were not requested.
        #expect(products.keys.sorted() == [9, 185])
        #expect(products[185]?.customFields == ["OpportunityId": 101])
    }

    @Test(
        "A product offers the cycles with a price",
        arguments: [
            (185, "JPY", [.monthly, .annually]), (185, "EUR", [.annually]), (185, "USD", []),
            (9, "JPY", [.onetime]), (9, "EUR", []), (3, "JPY", [.free]), (3, "USD", [.free]), (4, "JPY", []),
        ] as [(Int, String, Set<BillingCycle>)])
    func cycles(_ id: Int, _ currency: String, _ cycles: Set<BillingCycle>) throws {
        let product = try #require(try FakeHTTPClient(answer).whmcs.products([185, 9, 3, 4])[id])
        #expect(Set(BillingCycle.allCases.filter { product.offers($0, in: currency) }) == cycles)
    }

    @Test(
        "Unknown products are absent",
        arguments: [
            #"{"result":"success","totalresults":0}"#, #"{"result":"success","totalresults":0,"products":""}"#,
        ])
    func unknown(_ answer: String) throws {
        #expect(try FakeHTTPClient(answer).whmcs.products([77]) == [:])
    }

    @Test("No ids send no call") func noIds() throws {
        // Without a filter WHMCS would return its whole catalogue.
        let http = FakeHTTPClient()
        #expect(try http.whmcs.products([]) == [:])
        #expect(http.requests.isEmpty)
    }

    @Test(
        "An answer of another shape is unreadable",
        arguments: [#"{"result":"success"}"#, #"{"result":"success","products":{"product":[{"pid":9}]}}"#])
    func otherShape(_ answer: String) throws {
        let whmcs = try FakeHTTPClient(answer).whmcs
        guard case .unreadable("GetProducts", _, mayHaveHappened: false) = failure({ _ = try whmcs.products([9]) })
        else {
            Issue.record("it was read")
            return
        }
    }
}
