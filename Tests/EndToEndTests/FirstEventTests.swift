import Testbed
import Testing

/// The calls of the built programs from their start to the end of their first event.
@Suite struct FirstEventTests {
    private static let expected: [(program: String, start: Set<String>, then: String, parameterCalls: Int)] = [
        ("verify-signature", ["ssm GetParameters", "dynamodb HEAD", "events HEAD"], "dynamodb TransactWriteItems", 1),
        ("provision-order", ["ssm GetParameters", "dynamodb HEAD"], "dynamodb UpdateItem", 1),
        // The token is read before the lease and under it.
        (
            "refresh-sf-token", ["ssm GetParameters", "salesforce HEAD ", "dynamodb HEAD"], "ssm GetParameters", 3
        ),
        ("recover-orders", ["dynamodb HEAD", "events HEAD", "sqs HEAD"], "sqs GetQueueAttributes", 0),
        ("order-status", ["ssm GetParameters", "dynamodb HEAD"], "dynamodb GetItem", 1),
    ]

    @Test("The first event fetches nothing that the start has fetched")
    func fetchesNothingTwice() throws {
        let faultProxy = FaultProxy()
        let harness = try EndToEndHarness { $0.faultProxy = faultProxy }
        defer { harness.testbed.stop() }
        // The first order also fetches the Salesforce token.
        try provision(harness)
        harness.testbed.retireIdleProcesses()
        faultProxy.reset()
        try provision(harness)
        for program in ["recover-orders", "refresh-sf-token"] {
            #expect(try harness.testbed.invoke(program, [:]).errorType == nil)
        }

        #expect(Set(Self.expected.map(\.program)) == Set(try BuiltPrograms.names()))
        for (program, start, then, parameterCalls) in Self.expected {
            let calls = faultProxy.calls.filter { $0.program == program }
            let first = calls.filter { $0.run == calls.first?.run && !$0.isProcessStart }
                .map { "\($0.service) \($0.action)" }
            #expect(Set(first.prefix(start.count)) == start, "\(program): \(first)")
            #expect(first.dropFirst(start.count).first == then, "\(program): \(first)")
            #expect(first.count { $0 == "ssm GetParameters" } == parameterCalls, "\(program): \(first)")
        }
    }

    private func provision(_ harness: EndToEndHarness) throws {
        let (order, _) = harness.newOrder()
        #expect(try harness.fulfill(order).status == 202)
        #expect(try harness.wait(order)["status"] == "Provisioned")
    }
}
