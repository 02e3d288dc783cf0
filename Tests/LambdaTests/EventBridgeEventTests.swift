import HTTP
import Lambda
import Testing

@Suite struct EventBridgeEventTests {
    private struct Detail: Decodable {
        var orderId: String
    }

    static let event: JSON = [
        "version": "0", "id": "6a7e8feb", "detail-type": "OrderProvisionRequested", "source": "salesforce.orders",
        "account": "123456789012", "time": "2026-11-20T10:15:30Z", "region": "eu-west-1", "resources": [],
        "detail": ["orderId": "801"],
    ]

    private func decode(_ event: JSON) throws -> EventBridgeEvent<Detail> {
        try decodeEvent(EventBridgeEvent<Detail>.self, from: event.bytes, as: "an order event")
    }

    @Test func anEnvelope() throws {
        let event = try decode(Self.event)
        #expect(event.id == "6a7e8feb")
        #expect(event.source == "salesforce.orders")
        #expect(event.detailType == "OrderProvisionRequested")
        #expect(event.detail.orderId == "801")
    }

    @Test(
        arguments: [
            (["id"], nil, "id is missing"), (["source"], nil, "source is missing"),
            (["detail-type"], nil, "detail-type is missing"), (["detail"], nil, "detail is missing"),
            (["detail"], .null, "detail is null"), (["detail"], "text", "detail has the wrong type"),
            (["detail", "orderId"], nil, "detail.orderId is missing"), (["source"], 1, "source has the wrong type"),
            (["detail", "orderId"], .null, "detail.orderId is null"),
        ] as [([String], JSON?, String)])
    func aFaultNamesItself(_ path: [String], _ value: JSON?, _ fault: String) {
        #expect(throws: FunctionError("MalformedEvent", "the event is not an order event: \(fault)")) {
            try decode(Self.event.setting(path, value))
        }
    }

    /// EventBridge Scheduler sends its `detail` as text; who does not care for it takes any JSON.
    @Test func theDetailMayBeAnyJSON() throws {
        let event = try decodeEvent(
            EventBridgeEvent<JSON>.self, from: Self.event.setting(["detail"], "{}").bytes, as: "an event")
        #expect(event.detail == "{}")
    }
}
