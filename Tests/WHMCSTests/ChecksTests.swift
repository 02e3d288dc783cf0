import Testing
import WHMCS

/// What is looked at before ordering: the client, the pay methods, the products.
@Suite struct ClientDetailsTests {
    private func answer(_ client: String) -> String { #"{"result":"success","status":"Nonsense","client":\#(client)}"# }

    @Test func aClientIsReadFromTheClientObject() throws {
        let wire = Wire(
            answer(
                #"""
                {"id":7,"status":"Active","currency":"1","currency_code":"JPY","email":"a@b.example",
                "customfields":[{"id":198,"value":"000123"}],"customfields1":"000123"}
                """#))
        let details = try #require(try wire.whmcs.clientDetails(7))
        #expect(wire.sent == ["action=GetClientsDetails&clientid=7&stats=0"])
        #expect((details.status, details.isClosed, details.currencyCode) == ("Active", false, "JPY"))
        #expect(details.customFields == [198: "000123"])
        #expect(!String(reflecting: details).contains("a@b.example"))
    }

    @Test func aClosedClientIsClosed() throws {
        let wire = Wire(answer(#"{"id":"7","status":"Closed","currency_code":"EUR","customfields":""}"#))
        #expect(try wire.whmcs.clientDetails(7)?.isClosed == true)
    }

    @Test func anUnknownClientIsNil() throws {
        #expect(try Wire(#"{"result":"error","message":"Client Not Found"}"#).whmcs.clientDetails(7) == nil)
    }

    @Test func anotherClientIsRefused() throws {
        let whmcs = try Wire(answer(#"{"id":8,"status":"Active","currency_code":"EUR"}"#)).whmcs
        #expect(failure { _ = try whmcs.clientDetails(7) } == .foreignRows(action: "GetClientsDetails"))
    }

    @Test(arguments: [
        #"{"result":"success","id":7,"status":"Active","currency_code":"EUR"}"#, #"{"result":"success","client":""}"#,
    ])
    func noClientObjectIsAFailure(_ answer: String) throws {
        let whmcs = try Wire(answer).whmcs
        #expect(
            failure { _ = try whmcs.clientDetails(7) }
                == .unreadable(
                    action: "GetClientsDetails", "no client with status and currency", mayHaveHappened: false))
    }
}

@Suite struct PayMethodsTests {
    @Test(arguments: [
        (#"[]"#, 0), (#""""#, 0), (#"[{"id":1,"type":"CreditCard","card_last_four":"4242"}]"#, 1),
        (#"{"0":{"id":"1","type":"BankAccount"},"1":{"id":"2","type":"RemoteCreditCard"}}"#, 2),
    ])
    func payMethodsAreCounted(_ list: String, _ count: Int) throws {
        let wire = Wire(#"{"result":"success","clientid":"7","paymethods":\#(list)}"#)
        let methods = try wire.whmcs.payMethods(clientId: 7)
        #expect(methods.count == count)
        #expect(!String(reflecting: methods).contains("4242"))
        #expect(wire.sent == ["action=GetPayMethods&clientid=7"])
    }

    /// A misread answer must be neither "none" nor "some".
    @Test(arguments: [
        #"{"result":"success"}"#, #"{"result":"success","payMethods":[]}"#, #"{"result":"success","paymethods":false}"#,
        #"{"result":"success","paymethods":[{"id":1}]}"#, #"{"result":"success","paymethods":[{"type":"CreditCard"}]}"#,
        #"{"result":"success","paymethods":["CreditCard"]}"#,
    ])
    func anAnswerOfAnotherShapeIsAFailure(_ answer: String) throws {
        let whmcs = try Wire(answer).whmcs
        guard
            case .unreadable("GetPayMethods", _, mayHaveHappened: false) = failure({
                _ = try whmcs.payMethods(clientId: 7)
            })
        else {
            Issue.record("it was read")
            return
        }
    }

    @Test func anotherClientsAreRefused() throws {
        let whmcs = try Wire(#"{"result":"success","clientid":8,"paymethods":[]}"#).whmcs
        #expect(failure { _ = try whmcs.payMethods(clientId: 7) } == .foreignRows(action: "GetPayMethods"))
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

    @Test func productsAreAskedForTogether() throws {
        let wire = Wire(answer)
        let products = try wire.whmcs.products([185, 9, 77])
        #expect(wire.sent == ["action=GetProducts&pid=9%2C77%2C185"])
        // 77 does not exist, 3 and 4 were not asked for.
        #expect(products.keys.sorted() == [9, 185])
        #expect(products[185]?.customFields == ["OpportunityId": 101])
    }

    @Test(
        arguments: [
            (185, "JPY", [.monthly, .annually]), (185, "EUR", [.annually]), (185, "USD", []),
            (9, "JPY", [.onetime]), (9, "EUR", []), (3, "JPY", [.free]), (3, "USD", [.free]), (4, "JPY", []),
        ] as [(Int, String, Set<BillingCycle>)])
    func aProductOffersTheCyclesWithAPrice(_ id: Int, _ currency: String, _ cycles: Set<BillingCycle>) throws {
        let product = try #require(try Wire(answer).whmcs.products([185, 9, 3, 4])[id])
        #expect(Set(BillingCycle.allCases.filter { product.offers($0, in: currency) }) == cycles)
    }

    @Test(arguments: [
        #"{"result":"success","totalresults":0}"#, #"{"result":"success","totalresults":0,"products":""}"#,
    ])
    func unknownProductsAreAbsent(_ answer: String) throws {
        #expect(try Wire(answer).whmcs.products([77]) == [:])
    }

    @Test func nothingIsAskedForNothing() throws {
        // Without a filter WHMCS would give its whole catalogue.
        let wire = Wire()
        #expect(try wire.whmcs.products([]) == [:])
        #expect(wire.requests.isEmpty)
    }

    @Test(arguments: [#"{"result":"success"}"#, #"{"result":"success","products":{"product":[{"pid":9}]}}"#])
    func anAnswerOfAnotherShapeIsAFailure(_ answer: String) throws {
        let whmcs = try Wire(answer).whmcs
        guard case .unreadable("GetProducts", _, mayHaveHappened: false) = failure({ _ = try whmcs.products([9]) })
        else {
            Issue.record("it was read")
            return
        }
    }
}
