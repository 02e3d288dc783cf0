import AWS
import Basics
import JSON
import Lambda
import Salesforce

/// The event that makes provision-order work: ours from the order bus, or Salesforce's platform event.
///
/// Nothing personal travels on a bus: the order's id, and what ties the log lines together.
struct ProvisionRequested: Equatable {
    static let source = "salesforce.orders"
    static let detailType = "OrderProvisionRequested"
    static let platformEventType = "OrderProvisionRequested__e"

    var orderID: RecordID
    var attempt: Int
    var correlationID: String
    /// ms since 1970
    var requestedAt: Timestamp
    /// The id of Salesforce's event; nil when the event is our own.
    var platformEvent: String?

    init(orderID: RecordID, attempt: Int, correlationID: String, requestedAt: Timestamp) {
        self.orderID = orderID
        self.attempt = attempt
        self.correlationID = correlationID
        self.requestedAt = requestedAt
    }

    /// Reads either event; an order id that is none is a malformed event, not a missing order.
    init(_ invocation: Invocation, now: Timestamp) throws(FunctionError) {
        let event = try EventBridgeEvent(invocation.payload)
        let isPlatformEvent = event.detailType == ProvisionRequested.platformEventType
        guard isPlatformEvent || event.detailType == ProvisionRequested.detailType else {
            throw FunctionError("MalformedEvent", "provision-order does not know events of this detail-type")
        }
        let fields = isPlatformEvent ? event.detail["payload"] : event.detail
        let names = isPlatformEvent ? ("OrderId__c", "CorrelationId__c") : ("orderId", "correlationId")
        guard let orderID = fields?[names.0]?.stringOrNumber.flatMap(RecordID.init) else {
            throw FunctionError("MalformedEvent", "\(names.0) in the event must be a Salesforce id")
        }
        self.orderID = orderID
        attempt = fields?["attempt"]?.integer ?? 1
        correlationID = fields?[names.1]?.stringOrNumber ?? event.id
        let time = fields?["requestedAt"]?.stringOrNumber ?? event.time
        requestedAt = time.flatMap { Timestamp($0) } ?? now
        platformEvent = isPlatformEvent ? event.detail["id"]?.stringOrNumber ?? event.id : nil
    }

    var detail: JSON {
        [
            "orderId": .string(orderID.text), "attempt": .number(attempt),
            "correlationId": .string(correlationID), "requestedAt": .string(requestedAt.iso8601),
        ]
    }

    /// Whether a Failed order is to be tried afresh: the operator asked again after it had failed. An event of before is
    /// one that was delivered twice, or late, or replayed.
    func asksAgain(after order: LedgerOrder) -> Bool {
        platformEvent != nil && platformEvent != order.lastEvent && requestedAt > order.endedAt ?? order.updatedAt
    }
}

extension EventBus {
    /// How many of the events were taken, and why the others were not.
    func put(_ events: [ProvisionRequested]) -> (taken: Int, failure: AWSFailure?) {
        put(
            source: ProvisionRequested.source, detailType: ProvisionRequested.detailType, details: events.map(\.detail))
    }
}
