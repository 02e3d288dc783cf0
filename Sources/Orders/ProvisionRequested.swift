import AWS
import Basics
import JSON
import Lambda
import Salesforce

/// The event that starts provision-order: our own on the order bus, or Salesforce's platform event.
///
/// It carries no personal data: the order's id, and what ties log lines together.
struct ProvisionRequested: Equatable {
    static let source = "salesforce.orders"
    static let detailType = "OrderProvisionRequested"
    static let platformEventType = "OrderProvisionRequested__e"

    var orderID: RecordID
    var requestNumber: Int
    var correlationID: String
    var requestedAt: Timestamp
    /// What a platform event and its duplicates have in common: its idempotency key if it has one, otherwise its id. Nil for
    /// our own event.
    var platformEventID: String?
    /// An operator replays our own event, as after a restore of the ledger.
    var isReplayed = false

    init(orderID: RecordID, requestNumber: Int, correlationID: String, requestedAt: Timestamp) {
        self.orderID = orderID
        self.requestNumber = requestNumber
        self.correlationID = correlationID
        self.requestedAt = requestedAt
    }

    /// Reads either event. An order id that is not a Salesforce id makes the event malformed.
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
        requestNumber = fields?["attempt"]?.integer ?? 1
        correlationID = (fields?[names.1]?.stringOrNumber ?? event.id).boundedID
        requestedAt = fields.flatMap(ProvisionRequested.time) ?? event.time.flatMap { Timestamp($0) } ?? now
        let eventID = fields?["IdemKey__c"]?.stringOrNumber ?? event.detail["id"]?.stringOrNumber ?? event.id
        platformEventID = isPlatformEvent ? eventID.boundedID : nil
        isReplayed = event.isReplayed
    }

    /// Whether the order may be one that the ledger does not know. Our own events are published after the ledger has the
    /// order, so that without it somebody else has put the event on the order bus.
    var mayEnter: Bool { platformEventID != nil || isReplayed }

    /// When the event was published. The envelope's time is that of its delivery, and Event Relay may deliver three days of
    /// events again. Salesforce has `CreatedDate` as a number of ms since 1970 or in ISO 8601.
    private static func time(_ fields: JSON) -> Timestamp? {
        guard let value = fields["requestedAt"] ?? fields["CreatedDate"] else { return nil }
        return value.timestamp ?? value.string.flatMap { Timestamp($0) }
    }

    var detail: JSON {
        [
            "orderId": .string(orderID.text), "attempt": .number(requestNumber),
            "correlationId": .string(correlationID), "requestedAt": .string(requestedAt.iso8601),
        ]
    }

    /// Whether an operator requested a Failed order again after it had failed. An older event is a duplicate, late, or
    /// replayed.
    func requestsAgain(_ order: LedgerOrder) -> Bool {
        platformEventID != nil && platformEventID != order.platformEventID
            && requestedAt > order.endedAt ?? order.updatedAt
    }
}

extension EventBus {
    /// - Parameter trace: that the events' runs are linked to.
    /// - Returns: how many events the bus accepted, and why not the others.
    func put(_ events: [ProvisionRequested], trace: TraceHeader? = nil) -> (accepted: Int, failure: AWSFailure?) {
        let (accepted, failure) = put(
            source: ProvisionRequested.source, detailType: ProvisionRequested.detailType, details: events.map(\.detail),
            traceHeader: trace?.text)
        return (accepted, failure)
    }
}
