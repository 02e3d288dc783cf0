import HTTP
import Testing

@testable import Testbed

/// The page's switches change what the simulators answer, and back.
@Suite struct WatchFaultTests {
    private let whmcs: WHMCSSimulator
    private let salesforce: SalesforceSimulator
    private let faults: WatchFaults

    init() throws {
        whmcs = try WHMCSSimulator(identifier: "id", secret: "s")
        salesforce = try SalesforceSimulator(app: .init(clientId: "c", username: "u"))
        faults = WatchFaults(salesforce, whmcs)
    }

    private func call(_ action: String, _ more: String = "") throws -> RawClient.Response? {
        try request(
            whmcs.port, "POST", "/includes/api.php",
            headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: "identifier=id&secret=s&responsetype=json&action=\(action)\(more)")
    }

    private func addOrder() throws -> RawClient.Response? {
        try call("AddOrder", "&clientid=1234&paymentmethod=mailin&pid[0]=185&billingcycle[0]=monthly")
    }

    /// The statuses of one call each: GetOrders, an update, a read and a grant of Salesforce.
    private func statuses() throws -> [Int?] {
        let token = ["Authorization": "Bearer \(salesforce.issueToken())"]
        let order = "/services/data/v66.0/sobjects/Order/\(Seed.order)"
        return [
            try call("GetOrders")?.status,
            try request(
                salesforce.port, "PATCH", order, headers: token, body: #"{"Provisioning_Status__c":"Activating"}"#)?
                .status,
            try request(salesforce.port, "GET", "/services/data/v66.0", headers: token)?.status,
            try request(salesforce.port, "POST", "/services/oauth2/token", body: "")?.status,
        ]
    }

    @Test(
        "A switch changes the calls that it names, every time, until it is off",
        arguments: [
            (WatchFault.whmcsDown, [503, 204, 200, 400]), (.whmcsRefuses, [403, 204, 200, 400]),
            (.salesforceDown, [200, 503, 503, 503]), (.salesforceRefuses, [200, 400, 200, 400]),
            (.addOrderUnanswered, [200, 204, 200, 400]),
        ] as [(WatchFault, [Int?])])
    func changesCalls(fault: WatchFault, statuses: [Int?]) throws {
        faults.switchFault(fault, on: true)
        #expect(faults.isOn(fault))
        #expect(try self.statuses() == statuses)
        #expect(try self.statuses() == statuses)
        faults.switchFault(fault, on: false)
        #expect(try self.statuses() == [200, 204, 200, 400])
    }

    @Test("Each fault stays on when another goes off")
    func keepsTheOthers() throws {
        faults.switchFault(.whmcsDown, on: true)
        faults.switchFault(.salesforceDown, on: true)
        faults.switchFault(.whmcsDown, on: false)
        #expect(try statuses() == [200, 503, 503, 503])
    }

    @Test("A refused grant says which")
    func refusesGrants() throws {
        faults.switchFault(.tokenRefused, on: true)
        let answer = try request(salesforce.port, "POST", "/services/oauth2/token", body: "")
        #expect(answer?.status == 400 && answer?.text.contains("invalid_grant") == true)
    }

    @Test("An unanswered AddOrder is carried out")
    func carriesAddOrderOut() throws {
        faults.switchFault(.addOrderUnanswered, on: true)
        #expect(try addOrder() == nil)
        #expect(whmcs.state.orders.count == 1)
    }

    @Test("A module's server that comes back sets up what waits")
    func repairsModules() throws {
        faults.switchFault(.moduleFails, on: true)
        #expect(try addOrder()?.status == 200)
        let order = try #require(whmcs.state.orders.first?.id)
        #expect(try call("AcceptOrder", "&orderid=\(order)")?.status == 200)
        #expect(whmcs.state.services.map(\.status) == ["Pending"] && whmcs.state.moduleQueue.count == 1)
        faults.switchFault(.whmcsDown, on: true)
        #expect(whmcs.state.services.map(\.status) == ["Pending"])
        faults.switchFault(.moduleFails, on: false)
        #expect(whmcs.state.services.map(\.status) == ["Active"] && whmcs.state.moduleQueue.isEmpty)
    }

    @Test("Slow systems answer later", arguments: [WatchFault.whmcsSlow, .salesforceSlow])
    func isSlow(fault: WatchFault) throws {
        faults.switchFault(fault, on: true)
        let start = ContinuousClock.now
        _ =
            try fault == .whmcsSlow
            ? call("GetOrders") : request(salesforce.port, "GET", "/services/data/v66.0", headers: [:])
        #expect(ContinuousClock.now - start > .seconds(1.5))
    }
}
