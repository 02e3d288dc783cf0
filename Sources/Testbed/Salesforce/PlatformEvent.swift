import AWS
import Basics
import Foundation
import JSON

/// The platform event by which Salesforce's flow requests an approved order, as Event Relay delivers it: every field of the
/// event is in the payload, and null where it has no value.
public struct PlatformEvent: Sendable {
    public static let type = "OrderProvisionRequested__e"

    public var orderId: String
    public var idempotencyKey: String?
    /// Event Relay gives each event an id of its own.
    public var id: String
    public var createdAt: Timestamp

    public init(
        orderId: String, idempotencyKey: String? = nil, id: String = UUID().uuidString.lowercased(),
        createdAt: Timestamp = .now()
    ) {
        self.orderId = orderId
        self.idempotencyKey = idempotencyKey
        self.id = id
        self.createdAt = createdAt
    }

    public var detail: JSON {
        [
            "payload": [
                "CreatedDate": .milliseconds(createdAt), "CreatedById": "005Dn000001AbCdIAK",
                "OrderId__c": .string(orderId),
                "IdemKey__c": .string(idempotencyKey), "CorrelationId__c": .null, "RequestedBy__c": .null,
                "Version__c": 1,
            ],
            "schemaId": "dZ1u5kUEMS0eB6wYvSTtXw", "id": .string(id),
        ]
    }

    /// Publishes the event on the partner event bus of the testbed's organization.
    ///
    /// - Returns: why not; nil when the bus has it.
    public func publish(_ account: AWS.Account) -> AWSFailure? {
        let relay = RunningTestbed.salesforceEventSource
        return EventBus(relay, account, .live()).put(source: relay, detailType: Self.type, details: [detail]).failure
    }
}
