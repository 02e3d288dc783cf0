import Testbed
import Testing

/// What the built programs ask for outside, from their start to the end of their first event.
@Suite struct FirstEventTests {
    private static let expected: [(program: String, start: Set<String>, then: String, parameterCalls: Int)] = [
        ("verify-signature", ["ssm GetParameters", "dynamodb HEAD", "events HEAD"], "dynamodb TransactWriteItems", 1),
        ("provision-order", ["ssm GetParameters", "dynamodb HEAD"], "dynamodb UpdateItem", 1),
        ("refresh-sf-token", ["ssm GetParameters", "salesforce HEAD "], "salesforce POST oauth2/token", 1),
        ("recover-orders", ["dynamodb HEAD", "events HEAD"], "dynamodb Query", 0),
        ("order-status", ["dynamodb HEAD"], "dynamodb GetItem", 0),
    ]

    @Test func needsNothingThatWasFetchedAtTheStart() throws {
        let interposer = Interposer()
        let world = try World { $0.interposer = interposer }
        defer { world.stack.stop() }
        // There is a token once an order has been provisioned.
        try provision(world)
        world.stack.retireIdleProcesses()
        interposer.follow { _ in nil }
        try provision(world)
        for program in ["recover-orders", "refresh-sf-token"] {
            #expect(try world.stack.invoke(program, [:]).errorType == nil)
        }

        for (program, start, then, parameterCalls) in Self.expected {
            let calls = interposer.calls.filter { $0.program == program }
            let first = calls.filter { $0.run == calls.first?.run && $0.action != Interposer.start }
                .map { "\($0.service) \($0.action)" }
            #expect(Set(first.prefix(start.count)) == start, "\(program): \(first)")
            #expect(first.dropFirst(start.count).first == then, "\(program): \(first)")
            #expect(first.count { $0 == "ssm GetParameters" } == parameterCalls, "\(program): \(first)")
        }
    }

    private func provision(_ world: World) throws {
        let (order, _) = world.newOrder()
        #expect(try world.click(order).status == 202)
        #expect(try world.wait(order)["status"] == "Provisioned")
    }
}
