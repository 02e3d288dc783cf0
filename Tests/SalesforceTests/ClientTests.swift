import HTTP
import JSON
import Testing

@testable import Salesforce

@Suite struct ClientTests {
    private let base = "https://acme.my.salesforce.com/services/data/v66.0"
    private let empty = #"{"totalSize":0,"done":true,"records":[]}"#

    private func id(_ text: String) throws -> RecordID { try #require(RecordID(text)) }

    @Test func aQueryIsEncoded() throws {
        let wire = Wire(empty)
        #expect(try wire.salesforce.query("SELECT Id FROM Order WHERE Name = 'ü+&'", doing: "looking") == [])
        let request = try #require(wire.requests.first)
        #expect(request.method == "GET")
        #expect(request.url == base + "/query?q=SELECT%20Id%20FROM%20Order%20WHERE%20Name%20%3D%20%27%C3%BC%2B%26%27")
        #expect(
            request.headers == [Header("Authorization", "Bearer 00Dxx!one"), Header("Accept", "application/json")])
        #expect(request.body.isEmpty)
    }

    @Test func allPagesAreRead() throws {
        let wire = Wire(
            #"{"totalSize":3,"done":false,"records":[{"Id":"1"},{"Id":"2"}],"nextRecordsUrl":"/services/data/v66.0/query/01g-2"}"#,
            #"{"totalSize":3,"done":true,"records":[{"Id":"3"}]}"#)
        let records = try wire.salesforce.query("SELECT Id FROM Order", doing: "looking")
        #expect(records.compactMap { $0["Id"]?.string } == ["1", "2", "3"])
        #expect(wire.requests.last?.url == base + "/query/01g-2")
    }

    @Test(arguments: [
        #"{"done":false,"records":[{"Id":"1"}]}"#,
        #"{"done":false,"records":[{"Id":"1"}],"nextRecordsUrl":"@evil.example/services/data/"}"#,
        #"{"done":false,"records":[{"Id":"1"}],"nextRecordsUrl":".evil.example/"}"#,
        #"{"done":false,"records":[],"nextRecordsUrl":"/services/data/v66.0/query/01g-2"}"#,
        #"{"records":[]}"#, #"{"done":true}"#, "[]", "null",
    ])
    func aListWithoutAnEndIsUnreadable(_ page: String) throws {
        let wire = Wire(page)
        #expect(failure { _ = try wire.salesforce.query("SELECT", doing: "looking") } == .unreadable(doing: "looking"))
        #expect(wire.requests.count == 1)
    }

    @Test func anOrderIsPatchedAndTheEmptyAnswerNotRead() throws {
        let wire = Wire([.answer("", status: 204)])
        try wire.salesforce.updateOrder(id("801000000000001"), ["B__c": "é/", "A__c": .null])
        let request = try #require(wire.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.url == base + "/sobjects/Order/801000000000001AAA")
        #expect(request.headers.contains(Header("Content-Type", "application/json; charset=UTF-8")))
        #expect(request.text == #"{"A__c":null,"B__c":"é/"}"#)
    }

    @Test func onlySalesforcesOwnYesToAPatchCounts() throws {
        let wire = Wire("<html><body>We are back soon</body></html>")
        let error = failure { try wire.salesforce.updateOrder(id("801000000000001"), ["A__c": "x"]) }
        #expect(error?.isRetryable == true)
    }

    @Test func anOrderAndItsItemsGoInOneCall() throws {
        let wire = Wire(
            #"[{"id":"802000000000001AAA","success":true,"errors":[]},{"id":"801","success":true,"errors":[]}]"#)
        try wire.salesforce.update(
            order: id("801000000000001"), ["WHMCS_Order_ID__c": "12"],
            items: [(id("802000000000001"), ["WHMCS_Service_ID__c": "4"])])
        let request = try #require(wire.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.url == base + "/composite/sobjects")
        #expect(
            request.text == #"{"allOrNone":true,"records":["#
                + #"{"WHMCS_Service_ID__c":"4","attributes":{"type":"OrderItem"},"id":"802000000000001AAA"},"#
                + #"{"WHMCS_Order_ID__c":"12","attributes":{"type":"Order"},"id":"801000000000001AAA"}]}"#)
    }

    @Test func noMoreThanTwoHundredRecordsGoInOneCall() throws {
        func results(_ count: Int) -> String {
            "[" + Array(repeating: #"{"success":true,"errors":[]}"#, count: count).joined(separator: ",") + "]"
        }
        let wire = Wire(results(200), results(51))
        let items = try (100..<350).map { (id: try id("802000000000\($0)"), values: ["X__c": JSON.null]) }
        try wire.salesforce.update(order: id("801000000000001"), [:], items: items)
        #expect(wire.requests.map { JSON($0.body)?["records"]?.array?.count } == [200, 51])
        let last = try #require(JSON(wire.requests[1].body)?["records"]?.array?.last)
        #expect(last["attributes"]?["type"] == "Order")
    }

    /// HTTP 200, and yet nothing was written.
    @Test func aRefusedRecordIsFoundBehindTheRest() throws {
        let wire = Wire(
            #"""
            [{"success":false,"errors":[{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK","message":"rolled back"}]},
             {"success":false,"errors":[{"statusCode":"STRING_TOO_LONG","message":"data value too large","fields":["X"]}]}]
            """#)
        let error = failure {
            try wire.salesforce.update(
                order: try id("801000000000001"), [:], items: [(try id("802000000000001"), [:])])
        }
        #expect(
            error
                == .rejected(
                    doing: "updating the order and its items", code: "STRING_TOO_LONG",
                    message: "data value too large"))
    }

    /// By the ledger, not here: a second write that is answered says nothing of a first that was not.
    @Test func aWriteIsSentOnce() throws {
        let wire = Wire(
            #"[{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"unable to obtain"}]}]"#)
        let error = failure { try wire.salesforce.update(order: try id("801000000000001"), [:], items: []) }
        #expect(
            error
                == .unavailable(
                    doing: "updating the order and its items", reason: "UNABLE_TO_LOCK_ROW unable to obtain"))
        #expect(wire.requests.map(\.isIdempotent) == [false])
    }

    /// Whether a write that met this may still be carried out.
    @Test(
        arguments: [
            (.broken(.timedOut), true), (.broken(.broken), true), (.answer("<html>", status: 502), true),
            (.answer("<html>", status: 503), true), (.answer("", status: 500), true),
            (.answer("<html>", status: 200), true), (.answer("", status: 200), true),
            (.error("SERVER_UNAVAILABLE", status: 503), false), (.error("UNABLE_TO_LOCK_ROW", status: 400), false),
            (.error("INVALID_FIELD", status: 400), false),
        ] as [(Result<Response, HTTPFailure>, Bool)])
    func aWriteWithoutSalesforcesOwnAnswerIsUnanswered(
        _ answer: Result<Response, HTTPFailure>, _ isUnanswered: Bool
    ) throws {
        let updates: [(SalesforceClient, RecordID) throws -> Void] = [
            { try $0.updateOrder($1, [:]) }, { try $0.update(order: $1, [:], items: []) },
        ]
        for update in updates {
            let wire = Wire([answer])
            let error = failure { try update(wire.salesforce, try id("801000000000001")) }
            #expect(error?.isUnanswered == isUnanswered, "\(String(describing: error))")
        }
    }

    @Test(arguments: ["[]", "{}", #"[{"success":false,"errors":[]}]"#])
    func aCollectionWithoutResultsIsUnreadable(_ answer: String) throws {
        let wire = Wire(answer)
        let error = failure { try wire.salesforce.update(order: try id("801000000000001"), [:], items: []) }
        #expect(error == .unreadable(doing: "updating the order and its items"))
    }

    /// The collection was updated, and the answer was lost on the way: nobody refused anything.
    @Test func aCollectionWithoutAnAnswerIsTriedLater() throws {
        let wire = Wire("")
        let error = failure { try wire.salesforce.update(order: try id("801000000000001"), [:], items: []) }
        #expect(error?.isRetryable == true)
    }
}

@Suite struct SessionTests {
    private let expired = Result.error("INVALID_SESSION_ID", "Session expired or invalid", status: 401)
    private let empty = #"{"totalSize":0,"done":true,"records":[]}"#

    @Test(
        arguments: [
            .error("INVALID_SESSION_ID", "Session expired or invalid", status: 401),
            .error("INVALID_SESSION_ID", "Session expired or invalid", status: 403),
            .answer("", status: 401), .answer("<html>", status: 401),
        ] as [Result<Response, HTTPFailure>])
    func aRejectedTokenIsReplacedAndTheCallReplayed(_ answer: Result<Response, HTTPFailure>) throws {
        let wire = Wire([answer, .answer(empty)])
        #expect(try wire.salesforce.query("SELECT", doing: "looking") == [])
        #expect(wire.rejected == [.one])
        #expect(wire.requests.map(\.authorization) == ["Bearer 00Dxx!one", "Bearer 00Dxx!two"])
        // The new token's instance, should it have moved.
        #expect(wire.requests.last?.url == "https://acme2.my.salesforce.com/services/data/v66.0/query?q=SELECT")
    }

    @Test func itIsReplayedOnceOnly() throws {
        let wire = Wire([expired, expired])
        let error = try #require(failure { _ = try wire.salesforce.query("SELECT", doing: "looking") })
        #expect(error == .sessionInvalid)
        #expect(error.isRetryable)
        #expect(wire.rejected == [.one])
    }

    @Test func aWriteIsReplayedWithItsBody() throws {
        let wire = Wire([expired, .answer("", status: 204)])
        let id = try #require(RecordID("801000000000001"))
        try wire.salesforce.updateOrder(id, ["A__c": "x"])
        #expect(wire.requests.map(\.text) == [#"{"A__c":"x"}"#, #"{"A__c":"x"}"#])
    }

    @Test(arguments: [
        ("INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
        ("INVALID_SESSION_ID", "Connected app is not attached to Agent"),
        ("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
        ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The users password has expired"),
    ])
    func aRefusalNoTokenWouldBetterIsFinal(_ code: String, _ message: String) throws {
        let wire = Wire([.error(code, message, status: 401)])
        let error = try #require(failure { _ = try wire.salesforce.query("SELECT", doing: "looking") })
        #expect(error == .rejected(doing: "looking", code: code, message: message))
        #expect(!error.isRetryable)
        #expect(wire.rejected == [])
    }

    @Test func withoutATokenNothingIsSent() throws {
        let wire = Wire()
        let salesforce = SalesforceClient(
            http: wire.http, apiVersion: "v66.0",
            token: { () throws(SalesforceFailure) in throw .noToken("none yet") },
            renewed: { token throws(SalesforceFailure) in token })
        #expect(failure { _ = try salesforce.query("SELECT", doing: "looking") } == .noToken("none yet"))
        #expect(wire.requests.isEmpty)
    }

    @Test func aRenewalThatFailsIsTheFailure() throws {
        let wire = Wire([expired])
        let refused = SalesforceFailure.noToken("the function did not bring one")
        let salesforce = SalesforceClient(
            http: wire.http, apiVersion: "v66.0", token: { () throws(SalesforceFailure) in .one },
            renewed: { _ throws(SalesforceFailure) in throw refused })
        #expect(failure { _ = try salesforce.query("SELECT", doing: "looking") } == refused)
    }
}
