import Basics
import HTTP
import JSON
import TestSupport
import Testing

@testable import AWS
@testable import Orders

/// A round publishes what the queue's consumers can take beyond the messages that wait.
@Suite struct QueueLengthTests {
    private let harness: ProvisioningHarness
    private let published: Recorder<String>

    init() throws {
        harness = try ProvisioningHarness()
        published = harness.recordPublications()
    }

    private func answer(_ count: JSON) -> Result<Response, HTTPFailure> {
        .success(
            Response(status: 200, body: JSON.object(["Attributes": ["ApproximateNumberOfMessages": count]]).bytes))
    }

    @Test(
        "Messages that wait in the order queue count, all but a twentieth",
        arguments: [(0, 150), (1, 147), (57, 7), (56, 10), (60, 7), (Int.max, 7)])
    func waiting(_ count: Int, _ most: Int) throws {
        let orders = try harness.enterDueOrders(160)
        harness.network.before = { [self] request in
            request.action == "GetQueueAttributes" ? answer(.string(String(count))) : nil
        }
        #expect(try harness.recover() == ["recovered": .number(most), "left": .number(160 - most)])
        #expect(published.values == Array(orders.prefix(most)))
    }

    @Test("SQS counts them") func messages() throws {
        for number in 1...3 { try harness.aws.sendToOrderQueue("message \(number)") }
        _ = try harness.enterDueOrders(160)
        #expect(try harness.recover()["recovered"] == 142)
    }

    @Test("A queue that cannot be asked counts as empty", arguments: [0, 1, 2])
    func unknown(_ kind: Int) throws {
        _ = try harness.enterDueOrders(160)
        harness.network.before = { [self, network = harness.network] request in
            guard request.action == "GetQueueAttributes" else { return nil }
            network.now += kind == 2 ? request.timeout ?? 0 : 0
            return kind == 0 ? .answer(403, #"{"__type":"AccessDenied"}"#) : kind == 1 ? answer(.null) : .timedOut
        }
        let start = harness.network.now
        #expect(try harness.recover()["recovered"] == 150)
        #expect(harness.log.messages.contains("the order queue does not say how many orders wait"))
        #expect(harness.network.now - start <= 3_000)
    }

    @Test("An operator's round does not ask", arguments: [["all": true], ["orderId": "801Dn0000015000"]] as [JSON])
    func operatorsRound(_ event: JSON) throws {
        _ = try harness.enterDueOrders(1)
        #expect(try harness.recover(event) == ["recovered": 1])
        #expect(!harness.network.requests.contains { $0.action == "GetQueueAttributes" })
    }

    /// Slow runs: five consumers finish 60 orders a minute.
    @Test("A burst of 300 orders makes at most 1.5 events an order") func burst() throws {
        var queue = try harness.enterDueOrders(300, ["dueAt": .milliseconds(harness.network.now + 60_000)])
        harness.network.before = { [self] request in
            request.action == "GetQueueAttributes" ? answer(.string(String(queue.count))) : nil
        }
        var events = queue.count
        var done: Set<String> = []
        while done.count < 300 {
            harness.network.now += 60_000
            for _ in 1...60 {
                queue.removeAll { done.contains($0) }
                guard let order = queue.first else { break }
                done.insert(order)
                _ = try harness.quietLedger.table.write(
                    .update("order#\(order)", [.open: .null, .dueAt: .null], if: .present(.key)))
            }
            let before = published.values.count
            try harness.recover()
            queue += published.values.dropFirst(before)
            events += published.values.count - before
        }
        #expect(events <= 450)
    }
}
