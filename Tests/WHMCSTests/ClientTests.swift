import TestSupport
import HTTP
import JSON
import Testing
import WHMCS

@Suite struct ClientTests {
    private let page = "<html><body>Checking your browser</body></html>"

    @Test("A call is a form with action and credentials first") func form() throws {
        let http = FakeHTTPClient(#"{"result":"success"}"#)
        let whmcs = try http.whmcs(credentials: #"{"identifier":"id","secret":"s&=","accesskey":"k!"}"#)
        _ = try whmcs.call("GetOrders", [("userid", "7"), ("search", "ü+/=~ a")], .read)
        let request = try #require(http.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://billing.example/includes/api.php")
        #expect(request.headers.contains(Header("Content-Type", "application/x-www-form-urlencoded")))
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "action=GetOrders&identifier=id&secret=s%26%3D&accesskey=k%21&responsetype=json"
                + "&userid=7&search=%C3%BC%2B%2F%3D~%20a")
    }

    @Test("A call of no client is heard like any other, with its action") func heard() throws {
        let refusal = #"{"result":"error","message":"Invalid Permissions: API action is not allowed"}"#
        let http = FakeHTTPClient([.answer(200, #"{"result":"success"}"#), .answer(403, refusal)])
        var heard: [String] = []
        var whmcs = try http.whmcs
        whmcs.heard = { action, failure, _ in heard.append("\(action) \(failure == nil ? "answered" : "failed")") }
        try whmcs.checkAnswers()
        #expect(throws: WHMCSFailure.permission(action: "GetPaymentMethods")) { try whmcs.checkAnswers() }
        #expect(heard == ["GetPaymentMethods answered", "GetPaymentMethods failed"])
        #expect(http.sent.allSatisfy { $0 == "action=GetPaymentMethods" })
    }

    @Test("Of reads that go out together each is heard") func eachHeard() throws {
        let paged = PagedWHMCS(1...1_000)
        let answer = paged.http.before
        paged.http.before = { [http = paged.http] in http.requests.count == 2 ? .answer(403, Self.refused) : answer($0)
        }
        var heard: [Bool] = []
        var whmcs = try paged.http.whmcs
        whmcs.heard = { _, failure, _ in heard.append(failure == nil) }
        #expect(throws: WHMCSFailure.self) { try whmcs.orders(clientId: 7) }
        #expect(heard == [true, false, true, true, true])
    }

    @Test("A read is retried") func readRetries() throws {
        let http = FakeHTTPClient([
            .answer(503, page), .failed(.broken, received: true), .answer(200, #"{"result":"success"}"#),
        ])
        _ = try http.whmcs.call("GetOrders", [], .read)
        #expect(http.requests.count == 3)
    }

    @Test(
        "A write is sent once",
        arguments: [
            .answer(503, "down"), .answer(502, ""), .answer(429, "slow down"),
            .failed(.broken, received: true), .failed(.notConnected, received: false),
        ] as [Result<Response, HTTPFailure>])
    func writeOnce(_ answer: Result<Response, HTTPFailure>) throws {
        let http = FakeHTTPClient([answer])
        #expect(throws: WHMCSFailure.self) { _ = try http.whmcs.call("AddOrder", [], .write) }
        #expect(http.requests.map(\.isIdempotent) == [false])
        #expect(http.waits == [])
    }

    /// Each row: the response to a write, and whether WHMCS may have carried it out.
    @Test(
        "A write reports whether its outcome is unknown",
        arguments: [
            (.failed(.timedOut, received: true), true),
            (.failed(.broken, received: true), true),
            (.failed(.tooLarge, received: true), true),
            (.failed(.notConnected, received: false), false),
            (.failed(.refused, received: false), false),
            (.answer(200, ""), true),
            (.answer(503, "<html>maintenance</html>"), true),
            (.answer(429, "<html>too many</html>"), true),
            (.answer(500, "<b>Fatal error</b>"), true),
            (.answer(403, "<html>blocked</html>"), true),
            (.answer(200, #"{"result":"success","orderid":12"#), true),
            (.answer(200, #"["success"]"#), true),
            (.answer(200, #"{"orderid":12}"#), true),
            (.answer(200, #"{"result":"error","message":"Error generating JSON encoded response: 5"}"#), true),
            (.answer(200, #"{"result":"error","message":"Malformed UTF-8 characters"}"#), true),
            (.answer(200, #"{"result":"error","message":"Client ID Not Found"}"#), false),
            (.answer(403, #"{"result":"error","message":"Authentication Failed"}"#), false),
            (.answer(500, #"{"result":"error","message":"Something else"}"#), true),
            (.answer(200, #"{"result":"error"}"#), false),
        ] as [(Result<Response, HTTPFailure>, Bool)])
    func outcomeUnknown(_ answer: Result<Response, HTTPFailure>, _ unknown: Bool) throws {
        let whmcs = try FakeHTTPClient([answer]).whmcs
        let error = try #require(failure { _ = try whmcs.call("AddOrder", [], .write) })
        #expect(error.outcomeUnknown == unknown, "\(error)")
    }

    @Test("A read never has an unknown outcome") func readOutcome() throws {
        for answer in [Result.failed(.timedOut, received: true), .answer(200, page), .answer(200, "{}")] {
            let whmcs = try FakeHTTPClient([answer]).whmcs
            let error = try #require(failure { _ = try whmcs.call("GetOrders", [], .read) })
            #expect(!error.outcomeUnknown)
            #expect(error.isRetryable)
        }
    }

    @Test("A page is reported by its status, not its text") func notJSON() throws {
        let whmcs = try FakeHTTPClient([.answer(403, page)]).whmcs
        let error = try #require(failure { _ = try whmcs.call("GetOrders", [], .read) })
        #expect(error == .notJSON(action: "GetOrders", status: 403, mayHaveHappened: false))
        #expect(error.description == "WHMCS answered GetOrders with HTTP 403 and no JSON.")
    }

    @Test("Some actions call the result status") func statusMember() throws {
        _ = try FakeHTTPClient(#"{"status":"success"}"#).whmcs.call("GetPermissionsList", [], .read)
        let whmcs = try FakeHTTPClient(#"{"status":"error","message":"no"}"#).whmcs
        let error = failure { _ = try whmcs.call("GetPermissionsList", [], .read) }
        #expect(error == .other(action: "GetPermissionsList", message: "no", status: 200))
    }

    /// Each row: the message, its HTTP status, and the failure.
    @Test(
        "The message decides the failure",
        arguments: [
            ("Authentication Failed", 403, .authentication(message: "Authentication Failed", status: 403)),
            (
                "Invalid or missing credentials", 403,
                .authentication(message: "Invalid or missing credentials", status: 403)
            ),
            ("Access Denied", 200, .authentication(message: "Access Denied", status: 200)),
            (
                "Administrator Account Disabled", 403,
                .authentication(message: "Administrator Account Disabled", status: 403)
            ),
            ("Invalid password provided", 403, .authentication(message: "Invalid password provided", status: 403)),
            ("Invalid IP 203.0.113.9", 403, .addressNotAllowed("203.0.113.9")),
            ("Invalid IP: 2001:db8::1", 400, .addressNotAllowed("2001:db8::1")),
            (
                #"Invalid Permissions: API action "addorder" is not allowed"#, 403, .permission(action: "AddOrder")
            ),
            ("Client ID Not Found", 200, .clientNotFound),
            ("Client Not Found", 200, .clientNotFound),
            ("Unable to add order when client status is Closed", 200, .clientClosed),
            (
                "Invalid Payment Method. Valid options include banktransfer, stripe,mailin.", 200,
                .paymentMethod(valid: ["banktransfer", "stripe", "mailin"])
            ),
            ("Order ID not found or Status not Pending", 200, .notPendingOrMissing),
            ("No items added to cart so order cannot proceed", 200, .emptyCart),
            ("Expecting parameter 'pid' to be an array", 200, .expectsArray(parameter: "pid")),
            (
                "Service ID 7 can not be renewed at this time.", 200,
                .other(action: "AddOrder", message: "Service ID 7 can not be renewed at this time.", status: 200)
            ),
        ] as [(String, Int, WHMCSFailure)])
    func messages(_ message: String, _ status: Int, _ expected: WHMCSFailure) throws {
        let answer: JSON = ["result": "error", "message": .string(message)]
        let whmcs = try FakeHTTPClient([.answer(status, String(decoding: answer.bytes, as: UTF8.self))]).whmcs
        let error = try #require(failure { _ = try whmcs.call("AddOrder", [], .write) })
        #expect(error == expected)
        #expect(!error.isRetryable)
        #expect(!error.description.isEmpty)
    }

    @Test(
        "An unknown message is retryable if its status is, and a server error of a write leaves its outcome open",
        arguments: [
            (200, false, false), (403, false, false), (429, true, false), (500, true, true), (503, true, true),
        ])
    func unknownMessage(_ status: Int, _ passing: Bool, _ isOpen: Bool) throws {
        for kind in [WHMCSClient.Kind.read, .write] {
            let answer = Result<Response, HTTPFailure>.answer(status, #"{"result":"error","message":"busy"}"#)
            let whmcs = try FakeHTTPClient([answer, answer, answer, answer]).whmcs
            let error = try #require(failure { _ = try whmcs.call("AddOrder", [], kind) })
            #expect(error.isRetryable == passing)
            #expect(error.outcomeUnknown == (isOpen && kind == .write))
        }
    }

    private static let refused = #"{"result":"error","message":"Authentication Failed"}"#
    private static let success = #"{"result":"success"}"#

    /// A client with old credentials; `renewed` returns what is stored now.
    private func client(_ http: FakeHTTPClient, renewed: @escaping () -> Credentials?) throws -> WHMCSClient {
        WHMCSClient(
            http: http.client, url: "https://whmcs.example.com/includes/api.php",
            credentials: try Credentials(parameterValue: #"{"identifier":"who","secret":"old"}"#), renewed: renewed)
    }

    private static func new() throws -> Credentials {
        try Credentials(parameterValue: #"{"identifier":"who","secret":"new"}"#)
    }

    /// Each row: what is called, the status of the refusal, and whether it is sent again.
    @Test(
        "Refused credentials are read again, and what was certainly not carried out is sent with new ones",
        arguments: [
            (.read, 403, true), (.read, 401, true), (.read, 200, true), (.write, 403, true), (.write, 401, true),
            (.write, 200, false), (.write, 302, false),
        ] as [(WHMCSClient.Kind, Int, Bool)])
    func renewedCredentials(_ kind: WHMCSClient.Kind, _ status: Int, _ isSentAgain: Bool) throws {
        let http = FakeHTTPClient([.answer(status, Self.refused), .answer(200, Self.success)])
        let new = try Self.new()
        let whmcs = try client(http) { new }
        let error = failure { _ = try whmcs.call("AddOrder", [], kind) }
        #expect(error == (isSentAgain ? nil : .authentication(message: "Authentication Failed", status: status)))
        #expect(http.requests.map { $0.text.contains("secret=new") } == (isSentAgain ? [false, true] : [false]))
    }

    /// WHMCS may ban an address after several failed logins.
    @Test("Renewed credentials are used from then on, by every copy of the client") func keptCredentials() throws {
        let http = FakeHTTPClient([
            .answer(403, Self.refused), .answer(200, Self.success), .answer(200, Self.success),
            .answer(200, Self.success),
        ])
        let new = try Self.new()
        var reads = 0
        let whmcs = try client(http) {
            reads += 1
            return new
        }
        let copy = whmcs
        _ = try whmcs.call("GetOrders", [], .read)
        _ = try whmcs.call("GetOrders", [], .read)
        _ = try copy.call("AddOrder", [], .write)
        #expect(http.requests.map { $0.text.contains("secret=new") } == [false, true, true, true])
        #expect(reads == 1)
    }

    @Test("Unchanged credentials are not sent again") func unchangedCredentials() throws {
        let http = FakeHTTPClient([.answer(403, Self.refused)])
        let old = try Credentials(parameterValue: #"{"identifier":"who","secret":"old"}"#)
        let whmcs = try client(http) { old }
        #expect(
            failure { _ = try whmcs.call("AddOrder", [], .write) }
                == .authentication(message: "Authentication Failed", status: 403))
    }

    @Test("Credentials that cannot be read again make the failure retryable") func unreadableCredentials() throws {
        let whmcs = try client(FakeHTTPClient([.answer(403, Self.refused)])) { nil }
        let error = try #require(failure { _ = try whmcs.call("AddOrder", [], .write) })
        #expect(error.isRetryable && !error.outcomeUnknown)
    }

    @Test("Only the pages that were refused are read again") func refusedPages() throws {
        let paged = PagedWHMCS(1...1_000)
        let answer = paged.http.before
        paged.http.before = { request in
            // Rotated after the second page.
            let isRefused = request.text.contains("secret=old") && paged.http.requests.count > 2
            return isRefused ? .answer(403, Self.refused) : answer(request)
        }
        let new = try Self.new()
        #expect(try client(paged.http, renewed: { new }).orders(clientId: 7).count == 1_000)
        #expect(paged.http.batches == [1, 4, 3])
    }

    @Test("A long message is cut") func longMessage() throws {
        let long = String(repeating: "x", count: 300)
        let whmcs = try FakeHTTPClient(#"{"result":"error","message":"\#(long)"}"#).whmcs
        let error = try #require(failure { _ = try whmcs.call("AcceptOrder", [], .write) })
        #expect(error == .other(action: "AcceptOrder", message: String(long.prefix(255)), status: 200))
    }

    @Test("Credentials never show") func secrecy() throws {
        let credentials = try Credentials(parameterValue: #"{"identifier":"who","secret":"hush","accesskey":"key"}"#)
        for text in ["\(credentials)", String(reflecting: credentials), "\([credentials])"] {
            #expect(!text.contains("who") && !text.contains("hush") && !text.contains("key"))
        }
    }

    @Test(
        "Malformed credentials are reported and not shown",
        arguments: [
            ("not json, hush", "they are not a JSON object"), (#"["hush"]"#, "they are not a JSON object"),
            (#"{"secret":"hush"}"#, "\"identifier\" is missing"),
            (#"{"identifier":"","secret":"hush"}"#, "\"identifier\" is missing"),
            (#"{"identifier":"hush"}"#, "\"secret\" is missing"),
        ])
    func badCredentials(_ value: String, _ what: String) throws {
        let error = try #require(failure { _ = try Credentials(parameterValue: value) })
        #expect(error == .noCredentials(what))
        #expect(!error.description.contains("hush"))
    }
}
