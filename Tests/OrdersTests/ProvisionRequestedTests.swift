import Foundation
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

@Suite struct ProvisionRequestedTests {
    private static func read(_ payload: [UInt8]) throws -> ProvisionRequested {
        try ProvisionRequested(Invocation(requestID: "r", deadline: 0, payload: payload), now: 42)
    }

    private static func sample(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: packageRoot.appending(path: "events/\(name).json")))
    }

    @Test("The order bus's event is read") func ownEvent() throws {
        let event = try Self.read(Self.sample("order-provision-requested"))
        #expect(event.orderID.text == Seed.order)
        #expect(event.requestNumber == 1)
        #expect(event.correlationID == "0c5e1f7a-94b2-4d83-a6e0-3b7f28d9c154")
        #expect(event.requestedAt == 1_795_169_730_000)
        #expect(event.platformEventID == nil)
    }

    @Test("Salesforce's platform event is read") func platformEvent() throws {
        let event = try Self.read(Self.sample("platform-event"))
        #expect(event.orderID.text == Seed.order)
        #expect(event.correlationID == "0c5e1f7a-94b2-4d83-a6e0-3b7f28d9c154")
        // CreatedDate, not the time of the delivery.
        #expect(event.requestedAt == 1_795_169_730_000)
        #expect(event.platformEventID == "f3a9c0de-5b17-4a62-9c88-0e2d4b6f7a91")
    }

    /// Salesforce has every field of the event in its payload, and null where it has no value.
    @Test(
        "What a platform event does not have is made up for",
        arguments: [
            (#"{"OrderId__c":"801Dn0000014UPaIAM"}"#, nil, "e"),
            (#"{"OrderId__c":"801Dn0000014UPa","IdemKey__c":null,"CorrelationId__c":null}"#, "u", "u"),
            (#"{"OrderId__c":"801Dn0000014UPaIAM","IdemKey__c":"801-1","CreatedDate":null}"#, "u", "801-1"),
        ])
    func sparse(_ payload: String, _ uuid: String?, _ identity: String) throws {
        let detail: JSON = ["payload": try #require(JSON(Array(payload.utf8))), "id": .string(uuid)]
        let event = try Self.read(
            JSON.object([
                "id": "e", "source": "s", "detail-type": .string(ProvisionRequested.platformEventType),
                "detail": detail,
            ]).bytes)
        #expect(event.orderID.text == Seed.order)
        #expect((event.platformEventID, event.correlationID, event.requestedAt) == (identity, "e", 42))
    }

    @Test("A published event is read as it was sent") func roundTrip() throws {
        let sent = try Self.read(Self.sample("order-provision-requested"))
        #expect(Set((sent.detail.object ?? [:]).keys) == ["orderId", "attempt", "correlationId", "requestedAt"])
        let event: JSON = [
            "id": "e", "source": .string(ProvisionRequested.source),
            "detail-type": .string(ProvisionRequested.detailType), "detail": sent.detail,
        ]
        #expect(try Self.read(event.bytes) == sent)
    }

    /// An operator may send such an event by hand.
    @Test("An event of the order id alone is read") func minimalEvent() throws {
        let event = try Self.read(
            Array(
                #"{"id":"e-1","source":"me","detail-type":"OrderProvisionRequested","detail":{"orderId":"801Dn0000014UPa"}}"#
                    .utf8))
        #expect(event.orderID.text == Seed.order)
        #expect((event.requestNumber, event.correlationID, event.requestedAt) == (1, "e-1", 42))
    }

    @Test("Ids that a sender chose are bounded", arguments: ["correlationId", "CorrelationId__c"])
    func boundedIDs(_ member: String) throws {
        let long = String(repeating: "i", count: 300_000) + "\n"
        let fields: JSON = [
            "orderId": .string(Seed.order), "OrderId__c": .string(Seed.order), member: .string(long),
        ]
        let isPlatformEvent = member != "correlationId"
        let event: JSON = [
            "id": .string(long), "source": "s",
            "detail-type": .string(
                isPlatformEvent ? ProvisionRequested.platformEventType : ProvisionRequested.detailType),
            "detail": isPlatformEvent ? ["payload": fields, "id": .string(long)] : fields,
        ]
        let request = try Self.read(event.bytes)
        #expect(request.correlationID == String(repeating: "i", count: 128))
        #expect(request.platformEventID == (isPlatformEvent ? String(repeating: "i", count: 128) : nil))
    }

    @Test(
        "A malformed event is refused with its fault",
        arguments: [
            ("", "the event is not an EventBridge event: it is not JSON"),
            ("[]", "the event is not an EventBridge event: it has the wrong type"),
            ("{}", "the event is not an EventBridge event: id is missing"),
            (
                #"{"id":"e","source":"s","detail-type":"OrderProvisionRequested"}"#,
                "the event is not an EventBridge event: detail is missing"
            ),
            (
                #"{"id":"e","source":"s","detail-type":null,"detail":{}}"#,
                "the event is not an EventBridge event: detail-type is null"
            ),
            (
                #"{"id":"e","source":"s","detail-type":"Scheduled Event","detail":{}}"#,
                "provision-order does not know events of this detail-type"
            ),
            (
                #"{"id":"e","source":"s","detail-type":"OrderProvisionRequested","detail":{}}"#,
                "orderId in the event must be a Salesforce id"
            ),
            (
                #"{"id":"e","source":"s","detail-type":"OrderProvisionRequested","detail":null}"#,
                "the event is not an EventBridge event: detail is null"
            ),
            (
                #"{"id":"e","source":"s","detail-type":"OrderProvisionRequested","detail":{"orderId":"801"}}"#,
                "orderId in the event must be a Salesforce id"
            ),
            (
                #"{"id":"e","source":"s","detail-type":"OrderProvisionRequested__e","detail":{"orderId":"801Dn0000014UPa"}}"#,
                "OrderId__c in the event must be a Salesforce id"
            ),
            (
                #"{"id":"e","source":"s","detail-type":"OrderProvisionRequested__e","detail":{"payload":{"OrderId__c":7}}}"#,
                "OrderId__c in the event must be a Salesforce id"
            ),
        ] as [(String, String)])
    func malformed(_ payload: String, _ message: String) {
        #expect(throws: FunctionError("MalformedEvent", message)) { try Self.read(Array(payload.utf8)) }
    }
}
