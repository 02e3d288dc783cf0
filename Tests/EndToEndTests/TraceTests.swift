import JSON
import TestSupport
import Testbed
import Testing

/// What the built programs send to X-Ray, from the click to WHMCS.
@Suite struct TraceTests {
    private static let programs = [
        "verify-signature", "provision-order", "refresh-sf-token", "recover-orders", "order-status",
    ]

    private func harness(_ daemon: XRayReceiver, tracing: String) throws -> EndToEndHarness {
        try EndToEndHarness {
            $0.parameters["Tracing"] = tracing
            for program in Self.programs { $0.environment[program] = ["AWS_XRAY_DAEMON_ADDRESS": daemon.address] }
        }
    }

    @Test("The trace of a click leads to Provisioned") func active() throws {
        let daemon = try XRayReceiver()
        let harness = try harness(daemon, tracing: "Active")
        defer { harness.testbed.stop() }
        let (order, _) = harness.newOrder()
        #expect(try harness.fulfill(order).status == 202)
        try harness.wait(order)
        try harness.recover(["all": true])

        // The logs lead from the order to the traces.
        let accepted = try #require(harness.log("verify-signature").first { $0["message"] == "accepted" })
        let click = try #require(accepted["traceId"]?.string)
        let run = try #require(harness.log("provision-order").first { $0["orderId"]?.string == order })
        // X-Ray links the run's trace to the click's by the message that the run handles.
        #expect(run["clickTraceId"]?.string == click)
        let runTrace = try #require(run["traceId"]?.string)
        #expect(runTrace != click)

        let documents = daemon.documents(atLeast: 20)
        for document in documents { #expect(document.faultsAsSubsegment == [], "\(document)") }
        func names(_ trace: String) -> Set<String> {
            let calls = documents.filter { $0["trace_id"]?.string == trace }
            return Set(calls.map { "\($0["name"]?.string ?? "") \($0["aws"]?["operation"]?.string ?? "")" })
        }
        #expect(names(click) == ["DynamoDB TransactWriteItems", "EventBridge PutEvents"])
        let calls: Set = [
            "DynamoDB UpdateItem", "SSM GetParameters", "Lambda Invoke", "WHMCS GetClientsDetails ",
            "WHMCS AddOrder ", "WHMCS AcceptOrder ", "Salesforce query ", "Salesforce sobjects ",
            "Salesforce composite ",
        ]
        #expect(calls.subtracting(names(runTrace)) == [])
        #expect(documents.contains { $0["name"] == "Salesforce token" }, "the refresh has a trace of its own")
        // Every call of a run is a child of the function's segment.
        #expect(Set(documents.filter { $0["trace_id"]?.string == runTrace }.map { $0["parent_id"]?.string }).count == 1)
        let all = documents.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
        for secret in TestbedSecrets.all + [order, "://"] { #expect(!all.contains(secret)) }
    }

    @Test("Without active tracing nothing is sent, and the order is provisioned all the same") func passThrough() throws
    {
        let daemon = try XRayReceiver()
        let harness = try harness(daemon, tracing: "PassThrough")
        defer { harness.testbed.stop() }
        let (order, _) = harness.newOrder()
        try harness.fulfill(order)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(daemon.count == 0)
        #expect(harness.log("provision-order").allSatisfy { $0["traceId"] == nil && $0["clickTraceId"] == nil })
    }
}
