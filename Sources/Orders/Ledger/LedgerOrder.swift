import AWS
import Basics
import JSON
import Salesforce

/// An order as the ledger remembers it, the same for every program.
package struct LedgerOrder: Sendable, Equatable {
    package enum Status: String, Sendable {
        case accepted = "Accepted"
        case activating = "Activating"
        case provisioned = "Provisioned"
        case failed = "Failed"
    }

    /// How far AddOrder has come, which WHMCS would carry out twice if it were sent twice.
    enum AddOrder: String, Sendable {
        case none, sent, added
    }

    var id: RecordID
    package var status: Status
    /// 1 for the first request; each request after a failure adds 1.
    package var requestNumber: Int
    /// Runs of provision-order for this request.
    var attempts: Int
    /// The last step done.
    var step: Step?
    var plan: Plan?
    var addOrder: AddOrder
    /// Until when AddOrder may have gone out.
    var addOrderAt: Timestamp?
    /// The request for which AddOrder was last sent.
    var addOrderRequestNumber: Int?
    /// The WHMCS client for which AddOrder was last sent: a new request may be for another.
    var addOrderClientID: Int?
    /// How often AddOrder was sent for that request.
    var addOrderSends: Int
    /// The random part of the marker that AddOrder carries.
    var markerReference: String?
    /// Until when an AcceptOrder may have gone out that WHMCS has not answered; nil when none is at work.
    var acceptOrderAt: Timestamp?
    /// When this request first saw that a module had failed to set a service up.
    var setupFailedAt: Timestamp?
    package var whmcsOrderID: Int?
    var whmcsServiceIDs: [Int]
    /// The order before it, which a person cancelled: a late write may show its id in Salesforce.
    var cancelledWHMCSOrderID: Int?
    package var dueAt: Timestamp?
    package var errorCode: String?
    package var errorMessage: String?
    /// Until when Salesforce may still carry out a status write that it has not confirmed.
    var unconfirmedUntil: Timestamp?
    /// When the request began.
    package var requestedAt: Timestamp
    /// When the order last became Provisioned, or its request failed.
    package var endedAt: Timestamp?
    /// The platform event that requested the order.
    var platformEventID: String?
    var correlationID: String?
    var updatedAt: Timestamp
    /// Oldest first.
    var history: [JSON]

    /// Since when somebody waits for what is left to do: for the order, or for its final status in Salesforce.
    var waitingSince: Timestamp { hasEnded ? endedAt ?? updatedAt : requestedAt }

    /// The request has failed, and the order's status does not say so yet: Salesforce may show it, so that a new request may
    /// come from somebody who knows. Of an unknown outcome nobody may be taken to know.
    var isFailing: Bool { status == .activating && step == .failureUpdate && !isOutcomeUnknown }

    var isOutcomeUnknown: Bool { errorCode == ErrorCode.whmcsOutcomeUnknown.rawValue }

    package var hasEnded: Bool { status == .provisioned || status == .failed }

    /// Nil before AddOrder: no WHMCS order carries a marker of this order yet.
    var marker: Marker? {
        addOrder == .none && markerReference == nil ? nil : Marker(id, reference: markerReference)
    }

    /// AddOrder was sent for this request and its outcome is unknown. After a new request it is not: an operator
    /// who requests again has checked WHMCS.
    var isAddOrderInDoubt: Bool { addOrder == .sent && addOrderRequestNumber == requestNumber }
}

extension LedgerOrder {
    /// Nil when the item is not an order of ours.
    package init?(_ item: Table.Item) {
        guard let id = item[.key]?.string.flatMap(ItemKey.orderID),
            let status = item[.status]?.string.flatMap(Status.init),
            // An unknown word must not read as "never sent".
            let addOrder = item[.addOrder].map({ $0.string.flatMap(AddOrder.init) }) ?? AddOrder.none
        else { return nil }
        self.id = id
        self.status = status
        requestNumber = item[.requestNumber]?.integer ?? 1
        attempts = item[.attempts]?.integer ?? 0
        step = item[.step]?.string.flatMap(Step.init)
        plan = item[.plan].flatMap(Plan.init)
        self.addOrder = addOrder
        addOrderAt = item[.addOrderAt]?.timestamp
        addOrderRequestNumber = item[.addOrderRequestNumber]?.integer
        addOrderClientID = item[.addOrderClientID]?.integer
        addOrderSends = item[.addOrderSends]?.integer ?? 0
        markerReference = item[.markerReference]?.string
        acceptOrderAt = item[.acceptOrderAt]?.timestamp
        setupFailedAt = item[.setupFailedAt]?.timestamp
        whmcsOrderID = item[.whmcsOrderID]?.integer
        whmcsServiceIDs = (item[.whmcsServiceIDs]?.array ?? []).compactMap(\.integer)
        cancelledWHMCSOrderID = item[.cancelledWHMCSOrderID]?.integer
        dueAt = item[.dueAt]?.timestamp
        errorCode = item[.errorCode]?.string
        errorMessage = item[.errorMessage]?.string
        unconfirmedUntil = item[.unconfirmedUntil]?.timestamp
        endedAt = item[.endedAt]?.timestamp
        platformEventID = item[.platformEventID]?.string
        correlationID = item[.correlationID]?.string
        updatedAt = item[.updatedAt]?.timestamp ?? Timestamp(milliseconds: 0)
        // An order of an earlier version has none.
        requestedAt = item[.requestedAt]?.timestamp ?? updatedAt
        history = item[.history]?.array ?? []
    }
}
