import AWS
import Basics
import Salesforce

/// An order as the ledger remembers it; the one picture that every program reads.
public struct LedgerOrder: Sendable, Equatable {
    public enum Status: String, Sendable {
        case accepted = "Accepted"
        case activating = "Activating"
        case provisioned = "Provisioned"
        case failed = "Failed"
    }

    /// How far AddOrder, which WHMCS cannot tell from its repetition, has come.
    public enum AddOrder: String, Sendable {
        case none, sent, added
    }

    public var id: RecordID
    public var status: Status
    /// How often the order was requested: 1, and one more each time after it had failed.
    public var attempt: Int
    /// Runs of provision-order within this attempt.
    public var tries: Int
    public var step: Step?
    public var plan: Plan?
    public var addOrder: AddOrder
    /// When AddOrder was last sent, ms since 1970.
    public var addOrderAt: Timestamp?
    /// The attempt in which it was last sent.
    public var addOrderAttempt: Int?
    /// How often it was sent in that attempt.
    public var addOrderSends: Int
    public var whmcsOrderID: Int?
    public var whmcsServiceIDs: [Int]
    public var leaseUntil: Timestamp
    public var dueAt: Timestamp?
    public var errorCode: String?
    public var errorMessage: String?
    /// Until when Salesforce may still carry out what it was told of an earlier status, ms since 1970.
    public var lateUntil: Timestamp?
    /// When the attempt came to its end, ms since 1970.
    public var endedAt: Timestamp?
    /// The platform event that asked for this attempt.
    public var lastEvent: String?
    public var correlationID: String?
    /// The last change, ms since 1970.
    public var updatedAt: Timestamp

    var hasEnded: Bool { status == .provisioned || status == .failed }

    /// Nil when the item is not an order of ours.
    init?(_ item: Table.Item) {
        guard let key = item["pk"]?.stringOrNumber, key.hasPrefix(LedgerOrder.prefix),
            let id = RecordID(String(key.dropFirst(LedgerOrder.prefix.count))),
            let status = item["status"]?.stringOrNumber.flatMap(Status.init),
            // An unknown word must not read as "never sent".
            let addOrder = item["addOrder"].map({ $0.stringOrNumber.flatMap(AddOrder.init) }) ?? AddOrder.none
        else { return nil }
        self.id = id
        self.status = status
        attempt = item.number("attempt") ?? 1
        tries = item.number("tries") ?? 0
        step = item["step"]?.stringOrNumber.flatMap(Step.init)
        plan = item["plan"].flatMap(Plan.init)
        self.addOrder = addOrder
        addOrderAt = item["addOrderAt"]?.timestamp
        addOrderAttempt = item.number("addOrderAttempt")
        addOrderSends = item.number("addOrderSends") ?? 0
        whmcsOrderID = item.number("whmcsOrderId")
        whmcsServiceIDs = (item["whmcsServiceIds"]?.array ?? []).compactMap { $0.integer }
        leaseUntil = item["leaseUntil"]?.timestamp ?? Timestamp(milliseconds: 0)
        dueAt = item["dueAt"]?.timestamp
        errorCode = item["errorCode"]?.stringOrNumber
        errorMessage = item["errorMessage"]?.stringOrNumber
        lateUntil = item["lateUntil"]?.timestamp
        endedAt = item["endedAt"]?.timestamp
        lastEvent = item["lastEvent"]?.stringOrNumber
        correlationID = item["correlationId"]?.stringOrNumber
        updatedAt = item["updatedAt"]?.timestamp ?? Timestamp(milliseconds: 0)
    }

    static func key(_ id: RecordID) -> String { prefix + id.text }

    private static let prefix = "order#"
}

extension Table.Item {
    fileprivate func number(_ name: String) -> Int? { self[name]?.integer }
}
