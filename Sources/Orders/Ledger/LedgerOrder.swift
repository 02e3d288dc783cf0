import AWS
import HTTP
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
    public var addOrderAt: Int64?
    /// The attempt in which it was last sent.
    public var addOrderAttempt: Int?
    /// How often it was sent in that attempt.
    public var addOrderSends: Int
    public var whmcsOrderID: Int?
    public var whmcsServiceIDs: [Int]
    public var leaseUntil: Int64
    public var dueAt: Int64?
    public var errorCode: String?
    public var errorMessage: String?
    /// Until when Salesforce may still carry out what it was told of an earlier status, ms since 1970.
    public var lateUntil: Int64?
    /// When the attempt came to its end, ms since 1970.
    public var endedAt: Int64?
    /// The platform event that asked for this attempt.
    public var lastEvent: String?
    public var correlationID: String?
    /// The last change, ms since 1970.
    public var updatedAt: Int64

    var hasEnded: Bool { status == .provisioned || status == .failed }

    /// Nil when the item is not an order of ours.
    init?(_ item: Table.Item) {
        guard let key = item["pk"]?.text, key.hasPrefix(LedgerOrder.prefix),
            let id = RecordID(String(key.dropFirst(LedgerOrder.prefix.count))),
            let status = item["status"]?.text.flatMap(Status.init),
            // An unknown word must not read as "never sent".
            let addOrder = item["addOrder"].map({ $0.text.flatMap(AddOrder.init) }) ?? AddOrder.none
        else { return nil }
        self.id = id
        self.status = status
        attempt = item.number("attempt") ?? 1
        tries = item.number("tries") ?? 0
        step = item["step"]?.text.flatMap(Step.init)
        plan = item["plan"].flatMap(Plan.init)
        self.addOrder = addOrder
        addOrderAt = item["addOrderAt"]?.integer
        addOrderAttempt = item.number("addOrderAttempt")
        addOrderSends = item.number("addOrderSends") ?? 0
        whmcsOrderID = item.number("whmcsOrderId")
        whmcsServiceIDs = (item["whmcsServiceIds"]?.array ?? []).compactMap { $0.integer.map(Int.init) }
        leaseUntil = item["leaseUntil"]?.integer ?? 0
        dueAt = item["dueAt"]?.integer
        errorCode = item["errorCode"]?.text
        errorMessage = item["errorMessage"]?.text
        lateUntil = item["lateUntil"]?.integer
        endedAt = item["endedAt"]?.integer
        lastEvent = item["lastEvent"]?.text
        correlationID = item["correlationId"]?.text
        updatedAt = item["updatedAt"]?.integer ?? 0
    }

    static func key(_ id: RecordID) -> String { prefix + id.text }

    private static let prefix = "order#"
}

extension Table.Item {
    fileprivate func number(_ name: String) -> Int? { self[name]?.integer.map(Int.init) }
}
