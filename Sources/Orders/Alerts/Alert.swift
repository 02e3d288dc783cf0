import Basics

/// What happened, for a person. The words are the suite's own, and never a vendor's.
enum Alert {
    case orderNotProvisioned
    case moduleFailed
    case notSetUpYet
    case duplicate(Int, status: String)
    case duplicateNotCancelled(Int)
    case foreignNote(Int, others: Int)
    case statusNotTaken(LedgerOrder.Status)
    case orderGone
    case linesGone
    case unknownOrder
    /// With the fault.
    case unreadableEvent(String)
    case notPublished(Int)
    case doesNotAnswer(Side, since: Timestamp)
    case refuses(Side, since: Timestamp)
    case answersAgain(Side, since: Timestamp)
    case catalogueDrifted
    case catalogueNotCompared

    /// Without the order.
    var what: String {
        switch self {
        case .orderNotProvisioned: "Order not provisioned"
        case .moduleFailed: "A module failed to set up a service"
        case .notSetUpYet: "WHMCS accepted an order that is not set up yet"
        case .duplicate(let id, let status): "Duplicate WHMCS order \(id) (\(status))"
        case .duplicateNotCancelled(let id): "WHMCS did not cancel the duplicate order \(id)"
        case .foreignNote(let id, let others):
            "WHMCS order \(id)" + (others > 0 ? " and \(others) more have" : " has")
                + " a note of an order that it does not belong to"
        case .statusNotTaken(let status): "Salesforce does not take the status \(status.rawValue)"
        case .orderGone: "A provisioned order is not in Salesforce any more"
        case .linesGone: "Lines of a provisioned order were deleted in Salesforce"
        case .unknownOrder: "Event of an unknown order goes to the dead-letter queue"
        case .unreadableEvent(let fault): "Unreadable event goes to the dead-letter queue: \(fault)"
        case .notPublished(let count): "Failed to publish \(count) due orders; next retry in 2 minutes"
        case .doesNotAnswer(let side, let since):
            "\(side.name) does not answer since \(since.iso8601); orders wait for it"
        case .refuses(let side, let since): "\(side.name) refuses the suite since \(since.iso8601); orders wait for it"
        case .answersAgain(let side, let since):
            "\(side.name) answers again; orders continue after an outage since \(since.iso8601)"
        case .catalogueDrifted: "The catalogues of Salesforce and WHMCS have drifted apart"
        case .catalogueNotCompared: "The catalogues of Salesforce and WHMCS could not be compared"
        }
    }

    var kind: Kind {
        switch self {
        case .orderNotProvisioned: .orderNotProvisioned
        case .moduleFailed: .moduleFailed
        case .notSetUpYet: .notSetUpYet
        case .duplicate: .duplicate
        case .duplicateNotCancelled: .duplicateNotCancelled
        case .foreignNote: .foreignNote
        case .statusNotTaken: .statusNotTaken
        case .orderGone: .orderGone
        case .linesGone: .linesGone
        case .unknownOrder: .unknownOrder
        case .unreadableEvent: .unreadableEvent
        case .notPublished: .notPublished
        case .doesNotAnswer(.addOrder, _): .addOrderDoesNotAnswer
        case .doesNotAnswer: .doesNotAnswer
        case .refuses: .refuses
        case .answersAgain: .answersAgain
        case .catalogueDrifted, .catalogueNotCompared: .catalogue
        }
    }

    /// The WHMCS order that the alert names, which may not be the ledger's.
    var whmcsOrderID: Int? {
        switch self {
        case .duplicate(let id, _), .duplicateNotCancelled(let id), .foreignNote(let id, _): id
        default: nil
        }
    }
}
