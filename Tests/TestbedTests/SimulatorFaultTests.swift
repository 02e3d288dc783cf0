import Foundation
import HTTP
import JSON
import Testing

@testable import Testbed

@Suite struct SimulatorFaultTests {
    let whmcs: WHMCSSimulator
    let salesforce: SalesforceSimulator

    init() throws {
        whmcs = try WHMCSSimulator(identifier: "id", secret: "s")
        salesforce = try SalesforceSimulator(app: .init(clientId: "c", username: "u"))
    }

    func addOrder() throws -> RawClient.Response? {
        try request(
            whmcs.port, "POST", "/includes/api.php",
            headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: "identifier=id&secret=s&responsetype=json&action=AddOrder&clientid=1234&paymentmethod=mailin"
                + "&pid[0]=185&billingcycle[0]=monthly")
    }

    func activate() throws -> RawClient.Response? {
        try request(
            salesforce.port, "PATCH", "/services/data/v66.0/sobjects/Order/\(Seed.order)",
            headers: ["Authorization": "Bearer \(salesforce.issueToken())"],
            body: #"{"Provisioning_Status__c":"Activating"}"#)
    }

    @Test(
        "A fault hits one call",
        arguments: [
            (Fault.dropBeforeActing, 0, nil as Int?, ""), (.actThenDrop, 1, nil, ""),
            (.answer(500, #"{"a":1}"#), 0, 500, #"{"a":1}"#), (.emptyBody, 0, 200, ""), (.actThenEmptyBody, 1, 200, ""),
            (.actThenAnswer(504, "late", contentType: "text/html"), 1, 504, "late"),
            (.tooManyRequests, 0, 429, "Too Many Requests"),
            (.maintenance, 0, 503, "<!DOCTYPE html><html><body><h1>Down for Maintenance</h1></body></html>"),
        ])
    func hitsOneCall(_ fault: Fault, orders: Int, status: Int?, body: String) throws {
        whmcs.failNext(fault)
        let answer = try addOrder()
        #expect(answer?.status == status)
        #expect(answer?.text ?? "" == body)
        #expect(whmcs.state.orders.count == orders)
        #expect(try addOrder()?.status == 200)
        #expect(whmcs.state.orders.count == orders + 1)
        #expect(whmcs.state.actions == ["AddOrder", "AddOrder"])
    }

    @Test("A truncated response is cut short after the call is carried out")
    func truncates() throws {
        whmcs.failNext(.actThenTruncate)
        let answer = try #require(try addOrder())
        #expect(answer.status == 200)
        #expect(!answer.complete)
        #expect(!answer.body.isEmpty)
        #expect(JSON(answer.body) == nil)
        #expect(whmcs.state.orders.count == 1)
    }

    @Test(
        "A delay comes before or after the call is carried out",
        arguments: [
            (Fault.delayThenAct(milliseconds: 400), ["0.4 s", "act", "0.0 s"]),
            (.actThenDelay(milliseconds: 400), ["0.0 s", "act", "0.4 s"]),
        ])
    func delays(_ fault: Fault, steps: [String]) {
        var seen: [String] = []
        _ = fault.apply(
            to: {
                seen.append("act")
                return .drop
            }, sleep: { seen.append("\($0) s") })
        #expect(seen == steps)
    }

    @Test("A fault hits only the calls it names, as often as it says")
    func hitsTheNamedCalls() throws {
        whmcs.failNext(.tooManyRequests, on: "GetOrders")
        whmcs.failNext(.maintenance, on: "AddOrder", times: 2)
        #expect(try (1...3).map { _ in try addOrder()?.status } == [503, 503, 200])
        whmcs.failNext(.maintenance, times: 5)
        whmcs.clearFaults()
        #expect(try addOrder()?.status == 200)
    }

    @Test("Faults hit calls to Salesforce by method and path")
    func hitsCallsToSalesforce() throws {
        salesforce.failNext(.maintenance, on: "PATCH /services/data/v66.0/sobjects/Order")
        salesforce.failNext(.actThenDrop, on: "/sobjects/Order")
        #expect(try activate()?.status == 503)
        #expect(salesforce.statusHistory(Seed.order) == [])
        #expect(try activate() == nil)
        #expect(salesforce.statusHistory(Seed.order) == ["Activating"])
        #expect(try activate()?.status == 204)
        #expect(
            salesforce.state.requests
                == Array(repeating: "PATCH /services/data/v66.0/sobjects/Order/\(Seed.order)", count: 3))
    }

    // MARK: /_simulator/

    @Test("Faults can be added and removed by HTTP")
    func controlsFaultsByHTTP() throws {
        func post(_ body: String) throws -> Int? {
            try request(whmcs.port, "POST", "/_simulator/faults", body: body)?.status
        }
        #expect(try post(#"{"fault":"answer","status":502,"body":"bad","on":"AddOrder","times":2}"#) == 204)
        #expect(try addOrder()?.text == "bad")
        #expect(try addOrder()?.status == 502)
        for name in ["actThenDrop", "dropBeforeActing"] {
            #expect(try post(#"{"fault":"\#(name)"}"#) == 204)
            #expect(try addOrder() == nil)
        }
        #expect(try addOrder()?.status == 200)
        #expect(try post(#"{"fault":"explode"}"#) == 400)
        #expect(try post("nonsense") == 400)
        #expect(try post(#"{"fault":"maintenance"}"#) == 204)
        #expect(try request(whmcs.port, "DELETE", "/_simulator/faults")?.status == 204)
        #expect(try addOrder()?.status == 200)
    }

    @Test("The state can be read by HTTP, and contains no token")
    func showsTheState() throws {
        _ = try addOrder()
        _ = try activate()
        let installation = try #require(JSON(try request(whmcs.port, "GET", "/_simulator/state")?.body ?? []))
        #expect(installation["orders"]?.array?.first?["clientid"] == 1234)
        #expect(installation["orders"]?.array?.first?["services"]?.array?.first?["pid"] == 185)
        #expect(installation["actions"] == ["AddOrder"])
        let answer = try #require(try request(salesforce.port, "GET", "/_simulator/state"))
        #expect(!answer.text.contains("00Dn00000012AbC!"))
        let org = JSON(answer.body)
        #expect(org?["records"]?["Order"]?[Seed.order]?["Provisioning_Status__c"] == "Activating")
        #expect(org?["statusHistory"]?[Seed.order] == ["Activating"])
        #expect(org?["tokensIssued"] == 1)
        #expect(try request(whmcs.port, "GET", "/_simulator/nothing")?.status == 404)
    }

    @Test("Tokens can be revoked and pay methods added by HTTP")
    func controlsTheSimulators() throws {
        #expect(try activate()?.status == 204)
        let token = salesforce.issueToken()
        #expect(try request(salesforce.port, "POST", "/_simulator/revoke-tokens")?.status == 204)
        #expect(!salesforce.state.tokens.contains(token))
        #expect(
            try request(whmcs.port, "POST", "/_simulator/pay-methods", body: #"{"clientid":1236}"#)?.status == 201)
        #expect(whmcs.state.payMethods.map(\.clientId) == [1234, 1236])
        #expect(try request(whmcs.port, "POST", "/_simulator/pay-methods", body: "{}")?.status == 400)
    }
}
