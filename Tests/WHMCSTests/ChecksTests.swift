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
        #expect((details.customFields, details.defaultGateway) == ([198: "000123"], nil))
        #expect(!String(reflecting: details).contains("a@b.example"))
    }

    @Test(
        "The gateway and the custom fields are optional",
        arguments: [
            ("", nil, [:]), (#","defaultgateway":"","customfields":"" "#, nil, [:]),
            (#","defaultgateway":"stripe","customfields":[]"#, "stripe", [:]),
            (#","customfields":{"customfield":[{"id":"7","value":"<a href=\"x\">P1</a>"}]}"#, nil, [7: "P1"]),
            // The check of the customer's number decides whether that matters.
            (#","customfields":[{"value":"P1"}]"#, nil, nil),
        ] as [(String, String?, [Int: String]?)])
    func optional(_ members: String, _ gateway: String?, _ fields: [Int: String]?) throws {
        let whmcs = try FakeHTTPClient(answer(#"{"id":7,"status":"Active","currency_code":"EUR"\#(members)}"#)).whmcs
        let details = try #require(try whmcs.clientDetails(7))
        #expect(details.defaultGateway == gateway)
        #expect(details.customFields == fields)
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
        {"pid":"185","name":"Hosting","type":"server","paytype":"recurring","pricing":{"JPY":{"prefix":"¥","msetupfee":"0.00","monthly":"1200.00",
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
        let hosting = try #require(products[185])
        #expect((hosting.name, hosting.type, hosting.takesHostname) == ("Hosting", "server", true))
        #expect(hosting.customFields == [.init(id: 101, name: "OpportunityId")])
        #expect(hosting.price(.monthly, in: "JPY") == "1200.00")
        #expect(products[9]?.takesHostname == false)
        #expect(products[9]?.configOptions == [])
    }

    @Test(
        "A custom field or option may be required",
        arguments: [
            (#""on""#, true), (#""1""#, true), ("1", true), ("true", true), (#" "" "#, false), ("null", false),
            ("0", false), (#""0""#, false), (#""off""#, false), ("false", false), ("[]", false),
        ])
    func required(_ value: String, _ isRequired: Bool) throws {
        let answer = #"""
            {"result":"success","products":{"product":[{"pid":9,"paytype":"free",
            "customfields":{"customfield":[{"id":2,"name":"Name","required":\#(value)}]},
            "configoptions":{"configoption":[
            {"id":4,"name":"Disk","type":"1","options":{"option":[{"id":5,"required":\#(value)}]}}]}}]}}
            """#
        let product = try #require(try FakeHTTPClient(answer).whmcs.products([9])[9])
        #expect(product.customFields == [.init(id: 2, name: "Name", isRequired: isRequired)])
        #expect(product.configOptions == [.init(id: 4, name: "Disk", kind: .choice([5]), isRequired: isRequired)])
    }

    @Test(
        "A configurable option is read by its type",
        arguments: [
            (#""type":"1","options":{"option":[{"id":"5"},{"id":6}]}"#, .choice([5, 6])),
            (#""type":2,"options":{"option":{"id":5}}"#, .choice([5])),
            (#""type":"dropdown","options":"" "#, .choice([])),
            (#""type":"3","minqty":1,"maxqty":10,"options":{"option":[{"id":5}]}"#, .yesNo),
            (#""type":"4""#, .quantity(minimum: 0, maximum: nil)),
            (#""type":"4","minqty":"2","maxqty":"0""#, .quantity(minimum: 2, maximum: nil)),
            (#""type":"quantity","minqty":2,"maxqty":8"#, .quantity(minimum: 2, maximum: 8)),
        ] as [(String, ConfigOption.Kind)])
    func configOption(_ members: String, _ kind: ConfigOption.Kind) throws {
        let options = #"{"configoption":{"id":4,\#(members)}}"#
        let answer = #"{"result":"success","products":[{"pid":9,"paytype":"free","configoptions":\#(options)}]}"#
        #expect(try FakeHTTPClient(answer).whmcs.products([9])[9]?.configOptions == [.init(id: 4, kind: kind)])
    }

    @Test(
        "A configurable option takes only its own values",
        arguments: [
            (.choice([5, 6]), "6", nil), (.choice([5, 6]), "7", "configurable option 4 has no choice 7"),
            (.choice([5, 6]), "8 GB", "configurable option 4 has no choice 8 GB"),
            (.yesNo, "1", nil), (.yesNo, "0", nil), (.yesNo, "yes", "configurable option 4 takes 1 or 0"),
            (.quantity(minimum: 0, maximum: nil), "0", nil), (.quantity(minimum: 0, maximum: nil), "999", nil),
            (
                .quantity(minimum: 2, maximum: nil), "1",
                "configurable option 4 takes a whole number of 2 or more"
            ),
            (.quantity(minimum: 1, maximum: 8), "8", nil),
            (.quantity(minimum: 1, maximum: 8), "9", "configurable option 4 takes a whole number from 1 to 8"),
            (.quantity(minimum: 0, maximum: 8), "-1", "configurable option 4 takes a whole number from 0 to 8"),
            (.quantity(minimum: 0, maximum: 8), "1.5", "configurable option 4 takes a whole number from 0 to 8"),
        ] as [(ConfigOption.Kind, String, String?)])
    func value(_ kind: ConfigOption.Kind, _ value: String, _ fault: String?) {
        #expect(ConfigOption(id: 4, kind: kind).fault(value) == fault)
    }

    @Test(
        "A product offers the cycles with a price",
        arguments: [
            (185, "JPY", [.monthly, .annually]), (185, "EUR", [.annually]), (185, "USD", []),
            (9, "JPY", [.onetime]), (9, "EUR", []), (3, "JPY", [.free]), (3, "USD", [.free]), (4, "JPY", []),
        ] as [(Int, String, Set<BillingCycle>)])
    func cycles(_ id: Int, _ currency: String, _ cycles: Set<BillingCycle>) throws {
        let product = try #require(try FakeHTTPClient(answer).whmcs.products([185, 9, 3, 4])[id])
        #expect(Set(BillingCycle.allCases.filter { product.price($0, in: currency) != nil }) == cycles)
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
