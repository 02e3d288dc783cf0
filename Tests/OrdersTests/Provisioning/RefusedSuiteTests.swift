import Basics
import HTTP
import JSON
import TestSupport
import Testbed
import Testing

@testable import Orders

/// A side that answers, and refuses the suite itself.
@Suite struct RefusedSuiteTests {
    private let harness: ProvisioningHarness
    private let orders: [String]

    init() throws {
        let harness = try ProvisioningHarness()
        self.harness = harness
        orders = [Seed.order] + (1...6).map { _ in harness.addOrder([Seed.Line(Seed.hosting)]) }
    }

    private func refuseAddress() {
        harness.whmcs.configuration.allowedAddresses = ["192.0.2.1"]
        harness.whmcs.configuration.callerAddress = "192.0.2.9"
    }

    @Test(
        "One refusal by Salesforce fails one order at most, and the others wait until it ends",
        arguments: [
            ("API_DISABLED_FOR_ORG", 403, "words", true),
            ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", 403, "words", true),
            ("INVALID_SESSION_ID", 401, "This session is not valid for use with the REST API", true),
            ("GONE", 410, "words", true), ("API_CURRENTLY_DISABLED", 403, "words", false),
        ])
    private func salesforce(_ code: String, _ status: Int, _ message: String, _ isFinal: Bool) throws {
        harness.network.before = { [harness] request in
            guard harness.isSalesforce(request) else { return nil }
            return .answer(status, #"[{"errorCode":"\#(code)","message":"\#(message)"}]"#)
        }
        #expect(try harness.run(orders[0])["status"] == (isFinal ? "Failed" : "Activating"))
        #expect(harness.alerts.contains { $0.hasPrefix("Salesforce refuses the suite since ") })
        #expect(harness.alerts.contains { $0.hasPrefix("Order not provisioned") } == isFinal)
        let count = harness.network.requests.count
        for order in orders.dropFirst() { #expect(try harness.run(order)["status"] == "Activating") }
        #expect(harness.calls(since: count) == 0)
        #expect(try harness.ledger(orders[6]).attempts == 0)
        harness.network.before = { _ in nil }
        harness.network.now += 31_000
        for order in orders.dropFirst() { #expect(try harness.run(order)["status"] == "Provisioned") }
    }

    @Test("Of the runs that one refusal meets, the one that opens the breaker fails") func inFlight() throws {
        refuseAddress()
        var isNested = false
        harness.network.before = { [harness, orders] request in
            guard harness.isWHMCS(request), !isNested else { return nil }
            isNested = true
            _ = try? harness.run(orders[1])
            return nil
        }
        try harness.run(orders[0])
        #expect(try orders.prefix(2).count { try harness.ledger($0).status == .failed } == 1)
        #expect(try harness.ledger(orders[0]).attempts == 0)
    }

    @Test("An outage that becomes a refusal raises an alert, once") func refusedAfterSilence() throws {
        harness.network.before = { [harness] in harness.isWHMCS($0) ? .timedOut : nil }
        for order in orders.prefix(5) { try harness.run(order) }
        #expect(harness.alerts.count == 1)
        harness.network.before = { _ in nil }
        refuseAddress()
        for number in 1...3 {
            harness.network.now += 301_000
            try harness.run(orders[number])
            #expect(harness.alerts.count == 2)
            #expect(harness.alerts.last?.hasPrefix("WHMCS refuses the suite since ") == true)
        }
        harness.whmcs.configuration.allowedAddresses = nil
        harness.network.now += 301_000
        try harness.run(orders[1])
        #expect(harness.alerts.last?.hasPrefix("WHMCS answers again; ") == true)
    }

    @Test(
        "Credentials that nobody can use make orders wait, and none fails",
        arguments: [nil, "{", #"{"identifier":"i"}"#])
    func credentials(_ value: String?) throws {
        let good = try #require(try harness.aws.value("whmcs"))
        if let value { try harness.aws.put("whmcs", value) } else { try harness.aws.deleteParameter("whmcs") }
        try harness.restart()
        for order in orders { #expect(try harness.run(order)["status"] == "Activating") }
        #expect(harness.alerts.map { $0.hasPrefix("WHMCS refuses the suite since ") } == [true])
        #expect(try harness.ledger(orders[0]).errorMessage?.hasPrefix("There are no WHMCS credentials: ") == true)
        for order in orders { #expect(try harness.ledger(order).attempts == 0) }
        try harness.aws.put("whmcs", good)
        // The process has kept the value.
        harness.network.now += 31_000
        for order in orders { #expect(try harness.run(order)["status"] == "Provisioned") }
    }

    @Test("Credentials that Parameter Store refuses are an outage, too") func refusedCredentials() throws {
        harness.network.before = { request in
            let isAsked = String(decoding: request.body, as: UTF8.self).contains("whmcs")
            return request.action == "GetParameters" && isAsked
                ? .answer(400, #"{"__type":"AccessDeniedException"}"#) : nil
        }
        try harness.restart()
        for order in orders { #expect(try harness.run(order)["status"] == "Activating") }
        #expect(harness.alerts.map { $0.hasPrefix("WHMCS does not answer since ") } == [true])
        #expect(try harness.ledger(orders[6]).attempts == 0)
    }
}
