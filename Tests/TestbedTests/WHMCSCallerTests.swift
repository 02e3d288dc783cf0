import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct WHMCSCallerTests {
    let session: WHMCSSession
    var whmcs: WHMCSSimulator { session.whmcs }

    init() throws {
        session = try WHMCSSession()
    }

    @Test(
        "A caller without valid credentials or action is refused",
        arguments: [
            (["identifier": ""], 403, "Authentication Failed"),
            (["secret": "wrong"], 403, "Authentication Failed"),
            (["identifier": "other"], 403, "Invalid or missing credentials"),
            (["action": ""], 400, "Empty action request"),
            (["action": "Nonsense"], 400, #"Invalid API Action: "Nonsense" is not a valid API action"#),
        ])
    func checksTheCaller(_ change: [String: String], status: Int, message: String) throws {
        let fields = WHMCSSession.credentials.merging(["action": "GetOrders"]) { $1 }.merging(change) { $1 }
        let answer = try session.raw(fields)
        #expect(answer.status == status)
        #expect(answer.headers["content-type"] == "application/json")
        #expect(JSON(answer.body) == ["result": "error", "message": .string(message)])
    }

    @Test("The address is checked first, then the credentials, then the role")
    func checksAddressAndRole() throws {
        whmcs.configuration.allowedAddresses = ["10.0.0.1"]
        whmcs.configuration.callerAddress = "1.2.3.4"
        whmcs.configuration.accessKey = "key"
        whmcs.configuration.permissions = ["GetOrders"]
        // The address is checked before the credentials.
        #expect(try session.call("GetOrders", ["secret": "wrong"])["message"] == "Invalid IP 1.2.3.4")
        #expect(try session.call("GetOrders", ["accesskey": "wrong"])["message"] == "Invalid IP 1.2.3.4")
        #expect(try session.call("GetOrders", ["accesskey": "key"])["result"] == "success")
        whmcs.configuration.allowedAddresses = ["1.2.3.4"]
        #expect(try session.call("GETORDERS")["result"] == "success")
        let answer = try session.raw(
            WHMCSSession.credentials.merging(WHMCSSession.order) { $1 }.merging(["action": "AddOrder"]) { $1 })
        #expect(answer.status == 403)
        #expect(answer.text.contains(#"Invalid Permissions: API action \"addorder\" is not allowed"#))
        #expect(whmcs.state.orders.isEmpty)
    }

    @Test("Only forms are read, and the answer is JSON only on request")
    func readsOnlyForms() throws {
        let json = try request(
            whmcs.port, "POST", "/includes/api.php", headers: ["Content-Type": "application/json"],
            body: #"{"identifier":"id","secret":"s&cret","action":"GetOrders","responsetype":"json"}"#)
        #expect(json?.status == 403)
        let xml = try session.raw(["identifier": "id", "secret": "s&cret", "action": "GetOrders"])
        #expect(xml.headers["content-type"] == "application/xml")
        #expect(JSON(xml.body) == nil)
        #expect(try request(whmcs.port, "GET", "/elsewhere")?.status == 404)
    }
}
