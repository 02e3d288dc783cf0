import HTTP
import JSON
import Testing
import WHMCS

@Suite struct ClientTests {
    private let page = "<html><body>Checking your browser</body></html>"

    @Test func aCallIsOneFormWithCredentialsFirst() throws {
        let wire = Wire(#"{"result":"success"}"#)
        let whmcs = try wire.client(credentials: #"{"identifier":"id","secret":"s&=","accesskey":"k!"}"#)
        _ = try whmcs.call("GetOrders", [("userid", "7"), ("search", "ü+/=~ a")], .read)
        let request = try #require(wire.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://billing.example/includes/api.php")
        #expect(request.headers.contains(Header("Content-Type", "application/x-www-form-urlencoded")))
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "action=GetOrders&identifier=id&secret=s%26%3D&accesskey=k%21&responsetype=json"
                + "&userid=7&search=%C3%BC%2B%2F%3D~%20a")
    }

    @Test func aReadIsRepeatedThroughABadMoment() throws {
        let wire = Wire([
            .answer(page, status: 503), .broken(.broken, received: true), .answer(#"{"result":"success"}"#),
        ])
        _ = try wire.whmcs.call("GetOrders", [], .read)
        #expect(wire.requests.count == 3)
    }

    @Test(
        arguments: [
            .answer("down", status: 503), .answer("", status: 502), .answer("slow down", status: 429),
            .broken(.broken, received: true), .broken(.notConnected, received: false),
        ] as [Result<Response, HTTPFailure>])
    func aWriteGoesOutOnce(_ answer: Result<Response, HTTPFailure>) throws {
        let wire = Wire([answer])
        #expect(throws: WHMCSFailure.self) { _ = try wire.whmcs.call("AddOrder", [], .write) }
        #expect(wire.requests.map(\.isIdempotent) == [false])
        #expect(wire.waits == [])
    }

    /// Each row: what came back to a write, and whether WHMCS may have done it.
    @Test(
        arguments: [
            (.broken(.timedOut, received: true), true),
            (.broken(.broken, received: true), true),
            (.broken(.tooLarge, received: true), true),
            (.broken(.notConnected, received: false), false),
            (.broken(.refused, received: false), false),
            (.answer("", status: 200), true),
            (.answer("<html>maintenance</html>", status: 503), true),
            (.answer("<html>too many</html>", status: 429), true),
            (.answer("<b>Fatal error</b>", status: 500), true),
            (.answer("<html>blocked</html>", status: 403), true),
            (.answer(#"{"result":"success","orderid":12"#, status: 200), true),
            (.answer(#"["success"]"#, status: 200), true),
            (.answer(#"{"orderid":12}"#, status: 200), true),
            (.answer(#"{"result":"error","message":"Error generating JSON encoded response: 5"}"#, status: 200), true),
            (.answer(#"{"result":"error","message":"Malformed UTF-8 characters"}"#, status: 200), true),
            (.answer(#"{"result":"error","message":"Client ID Not Found"}"#, status: 200), false),
            (.answer(#"{"result":"error","message":"Authentication Failed"}"#, status: 403), false),
            (.answer(#"{"result":"error","message":"Something else"}"#, status: 500), false),
            (.answer(#"{"result":"error"}"#, status: 200), false),
        ] as [(Result<Response, HTTPFailure>, Bool)])
    func aWriteTellsWhetherItMayHaveHappened(_ answer: Result<Response, HTTPFailure>, _ unknown: Bool) throws {
        let whmcs = try Wire([answer]).whmcs
        let error = try #require(failure { _ = try whmcs.call("AddOrder", [], .write) })
        #expect(error.outcomeUnknown == unknown, "\(error)")
    }

    @Test func aReadIsNeverOfUnknownOutcome() throws {
        for answer in [Result.broken(.timedOut, received: true), .answer(page), .answer("{}")] {
            let whmcs = try Wire([answer]).whmcs
            let error = try #require(failure { _ = try whmcs.call("GetOrders", [], .read) })
            #expect(!error.outcomeUnknown)
            #expect(error.isRetryable)
        }
    }

    @Test func noJSONTellsTheStatusAndNotThePage() throws {
        let whmcs = try Wire([.answer(page, status: 403)]).whmcs
        let error = try #require(failure { _ = try whmcs.call("GetOrders", [], .read) })
        #expect(error == .notJSON(action: "GetOrders", status: 403, mayHaveHappened: false))
        #expect(error.description == "WHMCS answered GetOrders with HTTP 403 and no JSON.")
    }

    @Test func someActionsCallTheResultStatus() throws {
        _ = try Wire(#"{"status":"success"}"#).whmcs.call("GetPermissionsList", [], .read)
        let whmcs = try Wire(#"{"status":"error","message":"no"}"#).whmcs
        let error = failure { _ = try whmcs.call("GetPermissionsList", [], .read) }
        #expect(error == .other(action: "GetPermissionsList", message: "no", status: 200))
    }

    /// Each row: the message, its HTTP status, and what it means.
    @Test(
        arguments: [
            ("Authentication Failed", 403, .authentication(message: "Authentication Failed")),
            ("Invalid or missing credentials", 403, .authentication(message: "Invalid or missing credentials")),
            ("Access Denied", 200, .authentication(message: "Access Denied")),
            ("Administrator Account Disabled", 403, .authentication(message: "Administrator Account Disabled")),
            ("Invalid password provided", 403, .authentication(message: "Invalid password provided")),
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
    func theMessageDecides(_ message: String, _ status: Int, _ expected: WHMCSFailure) throws {
        let answer: JSON = ["result": "error", "message": .string(message)]
        let whmcs = try Wire([.answer(String(decoding: answer.bytes, as: UTF8.self), status: status)]).whmcs
        let error = try #require(failure { _ = try whmcs.call("AddOrder", [], .write) })
        #expect(error == expected)
        #expect(!error.isRetryable)
        #expect(!error.description.isEmpty)
    }

    @Test(arguments: [(200, false), (403, false), (429, true), (500, true), (503, true)])
    func anUnknownMessagePassesWhenItsStatusDoes(_ status: Int, _ passing: Bool) throws {
        let whmcs = try Wire([.answer(#"{"result":"error","message":"busy"}"#, status: status)]).whmcs
        let error = try #require(failure { _ = try whmcs.call("AddOrder", [], .write) })
        #expect(error.isRetryable == passing)
    }

    @Test func aLongMessageIsCut() throws {
        let long = String(repeating: "x", count: 300)
        let whmcs = try Wire(#"{"result":"error","message":"\#(long)"}"#).whmcs
        let error = try #require(failure { _ = try whmcs.call("AcceptOrder", [], .write) })
        #expect(error == .other(action: "AcceptOrder", message: String(long.prefix(255)), status: 200))
    }

    @Test func credentialsNeverShow() throws {
        let credentials = try Credentials(parameterValue: #"{"identifier":"who","secret":"hush","accesskey":"key"}"#)
        for text in ["\(credentials)", String(reflecting: credentials), "\([credentials])"] {
            #expect(!text.contains("who") && !text.contains("hush") && !text.contains("key"))
        }
    }

    @Test(arguments: [
        ("not json, hush", "they are not a JSON object"), (#"["hush"]"#, "they are not a JSON object"),
        (#"{"secret":"hush"}"#, "\"identifier\" is missing"),
        (#"{"identifier":"","secret":"hush"}"#, "\"identifier\" is missing"),
        (#"{"identifier":"hush"}"#, "\"secret\" is missing"),
    ])
    func badCredentialsAreNamedAndNotShown(_ value: String, _ what: String) throws {
        let error = try #require(failure { _ = try Credentials(parameterValue: value) })
        #expect(error == .noCredentials(what))
        #expect(!error.description.contains("hush"))
    }
}
