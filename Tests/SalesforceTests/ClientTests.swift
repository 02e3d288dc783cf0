import TestSupport
import HTTP
import JSON
import Testing

@testable import Salesforce

@Suite struct ClientTests {
    private let base = "https://acme.my.salesforce.com/services/data/v66.0"
    private let empty = #"{"totalSize":0,"done":true,"records":[]}"#

    private func id(_ text: String) throws -> RecordID { try #require(RecordID(text)) }

    @Test("A query is encoded") func query() throws {
        let http = FakeHTTPClient(empty)
        #expect(try http.salesforce.query("SELECT Id FROM Order WHERE Name = 'ü+&'", doing: "looking") == [])
        let request = try #require(http.requests.first)
        #expect(request.method == "GET")
        #expect(request.url == base + "/query?q=SELECT%20Id%20FROM%20Order%20WHERE%20Name%20%3D%20%27%C3%BC%2B%26%27")
        #expect(
            request.headers == [Header("Authorization", "Bearer 00Dxx!one"), Header("Accept", "application/json")])
        #expect(request.body.isEmpty)
    }

    @Test("All pages are read") func pages() throws {
        let http = FakeHTTPClient(
            #"{"totalSize":3,"done":false,"records":[{"Id":"1"},{"Id":"2"}],"nextRecordsUrl":"/services/data/v66.0/query/01g-2"}"#,
            #"{"totalSize":3,"done":true,"records":[{"Id":"3"}]}"#)
        let records = try http.salesforce.query("SELECT Id FROM Order", doing: "looking")
        #expect(records.compactMap { $0["Id"]?.string } == ["1", "2", "3"])
        #expect(http.requests.map(\.method) == ["GET", "GET"])
        #expect(http.requests.last?.url == base + "/query/01g-2")
    }

    @Test(
        "A list without a proper next page is unreadable",
        arguments: [
            #"{"done":false,"records":[{"Id":"1"}]}"#,
            #"{"done":false,"records":[{"Id":"1"}],"nextRecordsUrl":"@evil.example/services/data/"}"#,
            #"{"done":false,"records":[{"Id":"1"}],"nextRecordsUrl":".evil.example/"}"#,
            #"{"done":false,"records":[],"nextRecordsUrl":"/services/data/v66.0/query/01g-2"}"#,
            #"{"records":[]}"#, #"{"done":true}"#, "[]", "null",
        ])
    func endlessPages(_ page: String) throws {
        let http = FakeHTTPClient(page)
        #expect(failure { _ = try http.salesforce.query("SELECT", doing: "looking") } == .unreadable(doing: "looking"))
        #expect(http.requests.count == 1)
    }

    @Test("An order is updated with PATCH") func updateOrder() throws {
        let http = FakeHTTPClient([.answer(204, "")])
        try http.salesforce.updateOrder(id("801000000000001"), ["B__c": "é/", "A__c": .null])
        let request = try #require(http.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.url == base + "/sobjects/Order/801000000000001AAA")
        #expect(request.headers.contains(Header("Content-Type", "application/json; charset=UTF-8")))
        #expect(request.text == #"{"A__c":null,"B__c":"é/"}"#)
    }

    @Test("A call of no record reads the resources") func checkAnswers() throws {
        let http = FakeHTTPClient("{}")
        try http.salesforce.checkAnswers()
        #expect(http.requests.map { "\($0.method) \($0.url)" } == ["GET \(base)/"])
        #expect(http.requests.first?.header("Authorization") == "Bearer 00Dxx!one")
    }

    @Test("A call's failure is heard, also that of a collection behind its HTTP 200") func heard() throws {
        let http = FakeHTTPClient(
            [.answer(204, ""), .answer(200, #"[{"success":false,"errors":[{"statusCode":"CODE","message":""}]}]"#)])
        var heard: [SalesforceFailure?] = []
        var salesforce = http.salesforce
        salesforce.heard = { failure, _ in heard.append(failure) }
        try salesforce.updateOrder(id("801000000000001"), ["A__c": "x"])
        let error = failure { try salesforce.update(order: id("801000000000001"), [:], items: []) }
        #expect(heard == [nil, nil, error])
    }

    @Test("A page with status 200 does not confirm an update") func maintenancePage() throws {
        let http = FakeHTTPClient("<html><body>We are back soon</body></html>")
        let error = failure { try http.salesforce.updateOrder(id("801000000000001"), ["A__c": "x"]) }
        #expect(error?.isRetryable == true)
    }

    @Test("An order and its items are updated in one call") func updateAll() throws {
        let http = FakeHTTPClient(
            #"[{"id":"802000000000001AAA","success":true,"errors":[]},{"id":"801","success":true,"errors":[]}]"#)
        try http.salesforce.update(
            order: id("801000000000001"), ["WHMCS_Order_ID__c": "12"],
            items: [(id("802000000000001"), ["WHMCS_Service_ID__c": "4"])])
        let request = try #require(http.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.url == base + "/composite/sobjects")
        #expect(
            request.text == #"{"allOrNone":true,"records":["#
                + #"{"WHMCS_Service_ID__c":"4","attributes":{"type":"OrderItem"},"id":"802000000000001AAA"},"#
                + #"{"WHMCS_Order_ID__c":"12","attributes":{"type":"Order"},"id":"801000000000001AAA"}]}"#)
    }

    @Test("A call updates at most 200 records") func twoHundred() throws {
        func results(_ count: Int) -> String {
            "[" + Array(repeating: #"{"success":true,"errors":[]}"#, count: count).joined(separator: ",") + "]"
        }
        let http = FakeHTTPClient(results(200), results(51))
        let items = try (100..<350).map { (id: try id("802000000000\($0)"), values: ["X__c": JSON.null]) }
        try http.salesforce.update(order: id("801000000000001"), [:], items: items)
        #expect(http.requests.map { JSON($0.body)?["records"]?.array?.count } == [200, 51])
        let last = try #require(JSON(http.requests[1].body)?["records"]?.array?.last)
        #expect(last["attributes"]?["type"] == "Order")
    }

    /// The status is 200, but nothing was written.
    @Test("A refused record is found among those rolled back") func refusedRecord() throws {
        let http = FakeHTTPClient(
            #"""
            [{"success":false,"errors":[{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK","message":"rolled back"}]},
             {"success":false,"errors":[{"statusCode":"STRING_TOO_LONG","message":"data value too large","fields":["X"]}]}]
            """#)
        let error = failure {
            try http.salesforce.update(
                order: try id("801000000000001"), [:], items: [(try id("802000000000001"), [:])])
        }
        #expect(
            error
                == .rejected(
                    doing: "updating the order and its items", code: "STRING_TOO_LONG",
                    message: "data value too large"))
    }

    /// The ledger retries it: an answered second write says nothing of an unanswered first.
    @Test("A write is sent once") func noRetry() throws {
        let http = FakeHTTPClient(
            #"[{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"unable to obtain"}]}]"#)
        let error = failure { try http.salesforce.update(order: try id("801000000000001"), [:], items: []) }
        #expect(
            error
                == .unavailable(
                    doing: "updating the order and its items", reason: "UNABLE_TO_LOCK_ROW unable to obtain"))
        #expect(http.requests.map(\.isIdempotent) == [false])
    }

    /// Salesforce may still carry it out.
    @Test(
        "A write without Salesforce's own answer is unanswered",
        arguments: [
            (.failed(.timedOut, received: true), true), (.failed(.broken, received: true), true),
            (.answer(502, "<html>"), true),
            (.answer(503, "<html>"), true), (.answer(500, ""), true),
            (.answer(200, "<html>"), true), (.answer(200, ""), true),
            (.error("SERVER_UNAVAILABLE", status: 503), false), (.error("UNABLE_TO_LOCK_ROW", status: 400), false),
            (.error("INVALID_FIELD", status: 400), false),
        ] as [(Result<Response, HTTPFailure>, Bool)])
    func unanswered(
        _ answer: Result<Response, HTTPFailure>, _ isUnanswered: Bool
    ) throws {
        let updates: [(SalesforceClient, RecordID) throws -> Void] = [
            { try $0.updateOrder($1, [:]) }, { try $0.update(order: $1, [:], items: []) },
        ]
        for update in updates {
            let http = FakeHTTPClient([answer])
            let error = failure { try update(http.salesforce, try id("801000000000001")) }
            #expect(error?.isUnanswered == isUnanswered, "\(String(describing: error))")
        }
    }

    @Test("A collection without results is unreadable", arguments: ["[]", "{}", #"[{"success":false,"errors":[]}]"#])
    func noResults(_ answer: String) throws {
        let http = FakeHTTPClient(answer)
        let error = failure { try http.salesforce.update(order: try id("801000000000001"), [:], items: []) }
        #expect(error == .unreadable(doing: "updating the order and its items"))
    }

    /// Salesforce may have updated the collection.
    @Test("A collection without an answer is retryable") func emptyAnswer() throws {
        let http = FakeHTTPClient("")
        let error = failure { try http.salesforce.update(order: try id("801000000000001"), [:], items: []) }
        #expect(error?.isRetryable == true)
    }
}

@Suite struct SessionTests {
    private let expired = Result.error("INVALID_SESSION_ID", "Session expired or invalid", status: 401)
    private let empty = #"{"totalSize":0,"done":true,"records":[]}"#

    @Test(
        "A rejected token is replaced, and the call sent again",
        arguments: [
            .error("INVALID_SESSION_ID", "Session expired or invalid", status: 401),
            .error("INVALID_SESSION_ID", "Session expired or invalid", status: 403),
            .answer(401, ""), .answer(401, "<html>"),
        ] as [Result<Response, HTTPFailure>])
    func renewal(_ answer: Result<Response, HTTPFailure>) throws {
        let (http, rejected) = (FakeHTTPClient([answer, .answer(200, empty)]), Recorder<Token>())
        let salesforce = http.salesforce { rejected.append($0) }
        #expect(try salesforce.query("SELECT", doing: "looking") == [])
        #expect(rejected.values == [.one])
        #expect(http.requests.map { $0.header("Authorization") } == ["Bearer 00Dxx!one", "Bearer 00Dxx!two"])
        // The new token's instance, in case the org has moved.
        #expect(http.requests.last?.url == "https://acme2.my.salesforce.com/services/data/v66.0/query?q=SELECT")
    }

    @Test("The call is sent again only once") func oneRenewal() throws {
        let (http, rejected) = (FakeHTTPClient([expired, expired]), Recorder<Token>())
        let salesforce = http.salesforce { rejected.append($0) }
        let error = try #require(failure { _ = try salesforce.query("SELECT", doing: "looking") })
        #expect(error == .sessionInvalid)
        #expect(error.isRetryable)
        #expect(rejected.values == [.one])
    }

    @Test("A write is sent again with its body") func writeAfterRenewal() throws {
        let http = FakeHTTPClient([expired, .answer(204, "")])
        let id = try #require(RecordID("801000000000001"))
        try http.salesforce.updateOrder(id, ["A__c": "x"])
        #expect(http.requests.map(\.text) == [#"{"A__c":"x"}"#, #"{"A__c":"x"}"#])
    }

    @Test(
        "A rejection that no token changes is final",
        arguments: [
            ("INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
            ("INVALID_SESSION_ID", "Connected app is not attached to Agent"),
            ("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
            ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The users password has expired"),
        ])
    func finalRejection(_ code: String, _ message: String) throws {
        let (http, rejected) = (FakeHTTPClient([.error(code, message, status: 401)]), Recorder<Token>())
        let salesforce = http.salesforce { rejected.append($0) }
        let error = try #require(failure { _ = try salesforce.query("SELECT", doing: "looking") })
        #expect(error == .rejected(doing: "looking", code: code, message: message))
        #expect(!error.isRetryable)
        #expect(rejected.values.isEmpty)
    }

    @Test("Without a token nothing is sent") func noToken() throws {
        let http = FakeHTTPClient()
        let salesforce = SalesforceClient(
            http: http.client, apiVersion: "v66.0",
            token: { () throws(SalesforceFailure) in throw .noToken("none yet") },
            renewed: { token throws(SalesforceFailure) in token })
        #expect(failure { _ = try salesforce.query("SELECT", doing: "looking") } == .noToken("none yet"))
        #expect(http.requests.isEmpty)
    }

    @Test("A failed renewal is the failure") func failedRenewal() throws {
        let http = FakeHTTPClient([expired])
        let refused = SalesforceFailure.noToken("the function did not bring one")
        let salesforce = SalesforceClient(
            http: http.client, apiVersion: "v66.0", token: { () throws(SalesforceFailure) in .one },
            renewed: { _ throws(SalesforceFailure) in throw refused })
        #expect(failure { _ = try salesforce.query("SELECT", doing: "looking") } == refused)
    }
}
