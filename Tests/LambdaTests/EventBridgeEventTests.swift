import JSON
import Lambda
import Testing

@Suite struct EventBridgeEventTests {
    static let event: JSON = [
        "version": "0", "id": "6a7e8feb", "detail-type": "OrderProvisionRequested", "source": "salesforce.orders",
        "account": "123456789012", "time": "2026-11-20T10:15:30Z", "region": "eu-west-1", "resources": [],
        "detail": ["orderId": "801"],
    ]

    @Test("An envelope is read") func envelope() throws {
        let event = try EventBridgeEvent(Self.event.bytes)
        #expect(event.id == "6a7e8feb")
        #expect(event.detailType == "OrderProvisionRequested")
        #expect(event.time == "2026-11-20T10:15:30Z")
        #expect(event.detail == ["orderId": "801"])
    }

    @Test(
        "A malformed event is refused with the member's name",
        arguments: [
            (["id"], nil, "id is missing"), (["detail-type"], nil, "detail-type is missing"),
            (["detail"], nil, "detail is missing"),
            (["detail"], .null, "detail is null"), (["id"], 1, "id has the wrong type"),
            (["time"], 1, "time has the wrong type"),
        ] as [([String], JSON?, String)])
    func faults(_ path: [String], _ value: JSON?, _ fault: String) {
        #expect(throws: FunctionError("MalformedEvent", "the event is not an EventBridge event: \(fault)")) {
            try EventBridgeEvent(Self.event.setting(path, value).bytes)
        }
    }

    /// EventBridge Scheduler sends its `detail` as text.
    @Test("The detail may be any JSON", arguments: ["{}", 1, [], [:]] as [JSON]) func detail(_ detail: JSON) throws {
        #expect(try EventBridgeEvent(Self.event.setting(["detail"], detail).bytes).detail == detail)
    }
}
