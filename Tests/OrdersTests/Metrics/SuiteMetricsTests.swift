import Basics
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

/// What the programs emit is what deploy/OBJECTIVES.md lists, both ways.
@Suite struct SuiteMetricsTests {
    private let webhook: WebhookHarness
    private let harness: ProvisioningHarness

    init() throws {
        webhook = try WebhookHarness()
        harness = try ProvisioningHarness()
    }

    private func message(_ order: String, receiveCount: Int = 1, sentAt: Timestamp) -> JSON {
        let event: JSON = [
            "id": "e", "source": "salesforce.orders", "detail-type": "OrderProvisionRequested",
            "detail": ["orderId": .string(order)],
        ]
        return [
            "Records": [
                [
                    "messageId": "m", "body": .string(String(decoding: event.bytes, as: UTF8.self)),
                    "attributes": [
                        "ApproximateReceiveCount": .string(String(receiveCount)),
                        "SentTimestamp": .string(String(sentAt.milliseconds)),
                    ],
                ]
            ]
        ]
    }

    /// Every kind of request.
    private func sendRequests() throws {
        try webhook.start()
        let request = WebhookRequest()
        try webhook.send(request)
        try webhook.send(request.again(2))
        var replay = request
        replay.nonce = "another-nonce-of-the-replay"
        try webhook.send(replay)
        var forged = request.again(3)
        forged.secret = "another-secret-of-32-characters-and-more"
        try webhook.send(forged)
        webhook.network.before = { $0.signature?.service == "dynamodb" ? .unreachable : nil }
        try webhook.send(request.again(4))
        webhook.network.before = { _ in nil }
    }

    /// Every end of an order, and a recovery.
    private func provisionOrders() throws {
        try harness.accept()
        _ = try harness.deliver(message(Seed.order, sentAt: harness.network.now - 1_500))
        try harness.runPlatformEvent("event-1", Seed.closedClientOrder)
        harness.network.before = { $0.whmcsAction == "GetProducts" ? .unreachable : nil }
        try harness.run(Seed.otherOrder)
        try harness.waitUntilDue(Seed.otherOrder)
        try harness.recover()
        harness.network.before = { _ in nil }
        harness.whmcs.update { $0.moduleErrors = [185: "No server has room"] }
        try harness.runWhileDue(Seed.otherOrder)
    }

    private var lines: [JSON] { webhook.log.metrics + harness.log.metrics }

    @Test("The programs emit every metric of the list, and no other") func documented() throws {
        try sendRequests()
        try provisionOrders()
        let documented = try DocumentedMetrics()
        var emitted: Set<EmittedMetric> = []
        for line in lines {
            for (metric, dimensions) in try #require(line.emittedMetrics, "\(line)") {
                emitted.insert(metric)
                #expect(dimensions["Stack"] == "orders")
                for (name, value) in dimensions where name != "Stack" {
                    let key = "\(metric.name).\(name)"
                    #expect(documented.values[key]?.contains(value) == true, "\(key) is \(value)")
                }
            }
        }
        #expect(emitted == documented.metrics)
    }

    @Test("Every step and every code of a failure is in the list") func boundedValues() throws {
        let values = try DocumentedMetrics().values
        #expect(values["StepTime.Step"] == Set(Step.allCases.map(\.rawValue)))
        #expect(values["Failed.Code"] == Set(ErrorCode.allCases.map(\.rawValue)))
    }

    private func values(_ name: String, _ dimensions: [String: String] = [:]) -> [Double] {
        lines.filter { line in dimensions.allSatisfy { line[$0]?.string == $1 } }.flatMap { line in
            (line[name]?.array ?? [line[name] ?? .null]).compactMap { value in
                if case .number(let number) = value { number } else { nil }
            }
        }
    }

    @Test("Each request counts once, by its outcome") func requests() throws {
        try sendRequests()
        for outcome in ["Accepted", "Duplicate", "Replayed", "Refused", "Unavailable"] {
            #expect(values("Requests", ["Outcome": outcome]) == [1], "\(outcome)")
        }
        #expect(values("Refusals") == [1])
        #expect(values("Refusals", ["Code": "INVALID_SIGNATURE"]) == [1])
        #expect(values("RequestTime") == [50, 50, 50, 50, 50], "since API Gateway received it")
        #expect(webhook.log.metrics.count == 5, "one line a request")
    }

    @Test("A provisioned order counts once, with its time and its value") func provisioned() throws {
        try harness.request()
        harness.network.now += 4_000
        _ = try harness.deliver(message(Seed.order, sentAt: harness.network.now - 1_500))
        _ = try harness.deliver(message(Seed.order, receiveCount: 2, sentAt: harness.network.now - 9_000))
        #expect(values("QueueWait") == [1_500], "a later delivery waited for more than the queue")
        #expect(values("Provisioned") == [1])
        #expect(values("TimeToProvisioned") == [4_000])
        let order = try #require(harness.whmcsOrders().first)
        #expect(
            values("OrderValue", ["Currency": "EUR"]) + values("OrderValue", ["Currency": "USD"]) == [
                Double(order.amount)
            ])
        #expect(values("Rescues") + values("Failed") == [])
        #expect(values("CallTime", ["Service": "WHMCS", "Action": "AddOrder", "Outcome": "Success"]).count == 1)
        #expect(values("StepTime", ["Step": "whmcs_create"]).count == 1)
    }

    @Test("A failed order counts once, by its code") func failed() throws {
        try harness.run(Seed.closedClientOrder)
        try harness.run(Seed.closedClientOrder)
        #expect(values("Failed", ["Code": "CLIENT_CLOSED"]) == [1])
        #expect(values("Provisioned") + values("Rescues") == [], "its first run has decided")
    }

    @Test("An order that needs more than one run is a rescue, or is not") func rescues() throws {
        harness.network.before = { $0.whmcsAction == "GetProducts" ? .unreachable : nil }
        try harness.run()
        harness.network.before = { _ in nil }
        try harness.runWhileDue()
        #expect(values("Rescues", ["Outcome": "Provisioned"]) == [1])
    }

    @Test("Recovery reports how late it is, and the age of the token") func recovery() throws {
        try harness.run()
        try harness.request(1, Seed.otherOrder)
        try harness.waitUntilDue(Seed.otherOrder)
        harness.network.now += 5_000
        try harness.aws.set("token", ["updatedAt": .milliseconds(harness.network.now - 3_600_000)])
        try harness.recover()
        #expect(values("RecoveryLag") == [5_001])
        #expect(values("RecoveredOrders") == [1])
        #expect(values("TokenAge") == [3_600])
    }

    /// The costs are computed from it.
    @Test("The list knows how many bytes of metrics an order makes") func size() throws {
        try webhook.start()
        try webhook.send(WebhookRequest())
        try harness.accept()
        _ = try harness.deliver(message(Seed.order, sentAt: harness.network.now - 1_500))
        let ofOrder = lines.reduce(0) { $0 + $1.bytes.count + 1 }
        try harness.recover()
        let ofRound = lines.reduce(0) { $0 + $1.bytes.count + 1 } - ofOrder
        let documented = try DocumentedMetrics().sizes
        for (what, size) in [("an order", ofOrder), ("a run of recover-orders", ofRound)] {
            let expected = try #require(documented.first { $0.key.hasPrefix(what) }?.value)
            #expect(abs(size - expected) < expected / 5, "\(what) makes \(size) bytes")
        }
    }

    @Test("An event that fails leaves its metrics") func failingEvent() throws {
        harness.network.now += 1
        #expect(throws: FunctionError.self) { try harness.deliver(["detail-type": "x"]) }
        #expect(values("InitTime", ["Program": "provision-order"]).count == 1)
    }
}
