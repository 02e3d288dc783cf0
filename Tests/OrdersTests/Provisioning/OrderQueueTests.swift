import Basics
import Foundation
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

/// The messages of the order queue.
@Suite struct OrderQueueTests {
    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
    }

    /// The event of an order that the ledger knows.
    private func event(_ order: String) throws -> JSON {
        try harness.accept(order)
        return Self.event(ofUnknown: order)
    }

    private static func event(ofUnknown order: String) -> JSON {
        [
            "id": "e", "source": "salesforce.orders", "detail-type": "OrderProvisionRequested",
            "detail": ["orderId": .string(order)],
        ]
    }

    private static func message(_ id: String, _ body: JSON, receiveCount: Int = 1) -> JSON {
        [
            "messageId": .string(id), "body": .string(String(decoding: body.bytes, as: UTF8.self)),
            "eventSource": "aws:sqs",
            "attributes": ["ApproximateReceiveCount": .string(String(receiveCount))],
        ]
    }

    /// The ids of the messages that failed.
    private func deliver(_ messages: [JSON]) throws -> [String] {
        let answer = try harness.deliver(["Records": .array(messages)])
        #expect(Set((answer.object ?? [:]).keys) == ["batchItemFailures"])
        return (answer["batchItemFailures"]?.array ?? []).compactMap { $0["itemIdentifier"]?.string }
    }

    private var alerts: [String] { harness.log.lines.compactMap { $0["alert"]?["message"]?.string } }

    @Test("The sample event provisions its order") func sample() throws {
        let data = try Data(contentsOf: packageRoot.appending(path: "events/order-queue.json"))
        let event = try #require(JSON([UInt8](data)))
        try harness.accept()
        #expect(try harness.deliver(event) == ["batchItemFailures": []])
        #expect(try harness.ledger().status == .provisioned)
    }

    @Test("A message that comes again finds nothing to do") func duplicate() throws {
        #expect(try deliver([Self.message("m-1", event(Seed.order))]).isEmpty)
        #expect(try deliver([Self.message("m-1", event(Seed.order), receiveCount: 2)]).isEmpty)
        #expect(harness.log.messages.last == "nothing to do")
        #expect(harness.count("AddOrder") == 1)
    }

    /// Whoever may put events on the order bus cannot order with that.
    @Test("An event of an order that the ledger does not know is refused, with one alert") func unknownOrder() throws {
        let event = Self.event(ofUnknown: Seed.order)
        for receiveCount in 1...3 {
            #expect(try deliver([Self.message("m-1", event, receiveCount: receiveCount)]) == ["m-1"])
        }
        #expect(alerts == ["Event of an unknown order goes to the dead-letter queue: \(Seed.order)"])
        #expect(
            harness.log.lines.filter { $0["message"] == "message failed" }.map { $0["errorType"] }
                == ["UnknownOrder", "UnknownOrder", "UnknownOrder"])
        #expect(try harness.aws.order(Seed.order).isEmpty)
        #expect(harness.whmcs.state.actions.isEmpty)
        #expect(throws: Ledger.UnknownOrder.self) { try harness.deliver(event) }
    }

    @Test("A replayed event and a platform event may enter an order") func mayEnter() throws {
        var event = Self.event(ofUnknown: Seed.order).object ?? [:]
        event["replay-name"] = "restored-2026-11-20"
        #expect(try deliver([Self.message("m-1", .object(event))]).isEmpty)
        #expect(try harness.ledger().status == .provisioned)
        let second = harness.addOrder([Seed.Line(Seed.hosting)])
        #expect(try harness.runPlatformEvent("e-1", second)["status"] == "Provisioned")
    }

    @Test("Only the messages that failed come again") func severalMessages() throws {
        let second = harness.addOrder([Seed.Line(Seed.hosting)])
        let failed = try deliver([
            Self.message("m-1", event(Seed.order)), Self.message("m-2", ["detail": "none"]),
            Self.message("m-3", event(second)),
        ])
        #expect(failed == ["m-2"])
        for order in [Seed.order, second] { #expect(try harness.ledger(order).status == .provisioned) }
    }

    @Test("An unreadable message fails at each delivery, with one alert") func unreadable() throws {
        for receiveCount in 1...3 {
            let message = Self.message("m-1", Self.event(ofUnknown: "not an id"), receiveCount: receiveCount)
            #expect(try deliver([message]) == ["m-1"])
        }
        let fault = "orderId in the event must be a Salesforce id"
        #expect(alerts == ["Unreadable event goes to the dead-letter queue: \(fault)"])
        let failures = harness.log.lines.filter { $0["message"] == "message failed" }
        #expect(failures.map { $0["receiveCount"] } == [1, 2, 3])
        for line in failures {
            #expect(line["level"] == "ERROR" && line["messageId"] == "m-1")
            #expect(line["errorType"] == "MalformedEvent" && line["errorMessage"] == .string(fault))
        }
    }

    /// Who invokes the function directly gets the fault.
    @Test("An unreadable event without the queue fails with its fault, and without an alert") func bareEvent() throws {
        let fault = "orderId in the event must be a Salesforce id"
        #expect(throws: FunctionError("MalformedEvent", fault)) {
            try harness.deliver(Self.event(ofUnknown: "not an id"))
        }
        #expect(alerts.isEmpty)
    }

    @Test("A message comes again when the ledger does not answer") func ledgerOutage() throws {
        harness.network.before = { $0.action == "UpdateItem" ? .unreachable : nil }
        #expect(try deliver([Self.message("m-1", event(Seed.order))]) == ["m-1"])
        harness.network.before = { _ in nil }
        #expect(try deliver([Self.message("m-1", event(Seed.order), receiveCount: 2)]).isEmpty)
        #expect(try harness.ledger().status == .provisioned)
        #expect(alerts.isEmpty)
    }

    /// An operator requests an order again while its failure is reported.
    @Test("A contended message comes again") func contended() throws {
        var failed: [[String]] = []
        harness.network.before = { request in
            guard request.reports("Failed"), failed.isEmpty else { return nil }
            failed.append(["the delivery failed as a whole"])
            self.harness.network.now += 1
            failed[0] = (try? self.deliver([self.platformEvent("m-2")])) ?? failed[0]
            return nil
        }
        #expect(try deliver([platformEvent("m-1")]).isEmpty)
        #expect(failed == [["m-2"]])
        #expect(harness.log.lines.contains { $0["errorType"] == "Contended" })
    }

    private func platformEvent(_ id: String) -> JSON {
        Self.message(
            id,
            [
                "id": .string(id), "source": "aws.partner/salesforce.com/x/y",
                "detail-type": "OrderProvisionRequested__e", "time": .string(harness.network.now.iso8601),
                "detail": ["id": .string(id), "payload": ["OrderId__c": .string(Seed.noPayMethodOrder)]],
            ])
    }
}
