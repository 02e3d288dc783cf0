import Crypto
import JSON
import Salesforce

/// Every attribute of the ledger's items, by the name that DynamoDB stores. README.md beside this folder says what each
/// holds.
enum Attribute: String {
    // All items
    case key = "pk"
    /// DynamoDB's time to live, in s since 1970.
    case expiresAt
    case updatedAt

    // Orders
    case status
    case requestNumber = "attempt"
    case attempts = "tries"
    case step, plan, history
    case addOrder, addOrderAt, addOrderSends
    case addOrderRequestNumber = "addOrderAttempt"
    case addOrderClientID = "addOrderClientId"
    case markerReference = "markerRef"
    case acceptOrderAt = "acceptAt"
    case setupFailedAt
    case whmcsOrderID = "whmcsOrderId"
    case whmcsServiceIDs = "whmcsServiceIds"
    case cancelledWHMCSOrderID = "cancelledWhmcsOrderId"
    case leaseOwner, leaseUntil
    /// "1" or absent: the partition key of the index.
    case open
    case dueAt
    /// `errorCode` and `endedAt` are the keys of the operators' index `failed`: only a failed request may have both.
    case errorCode, errorMessage, requestedAt, endedAt
    case unconfirmedUntil = "lateUntil"
    case platformEventID = "lastEvent"
    case correlationID = "correlationId"

    // Breakers
    case salesforceBreaker = "salesforce"
    case whmcsBreaker = "whmcs"
    case addOrderBreaker = "whmcsAddOrder"
    case revision

    // Claims of nonces and idempotency keys
    case claimant, answer
    case orderID = "orderId"
}

/// The keys of the ledger's items.
enum ItemKey {
    static func order(_ id: RecordID) -> String { orderPrefix + id.text }

    /// Nil when the item is not an order.
    static func orderID(_ key: String) -> RecordID? {
        key.hasPrefix(orderPrefix) ? RecordID(String(key.dropFirst(orderPrefix.count))) : nil
    }

    // A sender chooses these texts: a hash bounds their length and hides them.
    static func nonce(_ nonce: String) throws(CryptoFailure) -> String { try "nonce#" + hash(nonce) }
    static func idempotencyKey(_ key: String) throws(CryptoFailure) -> String { try "key#" + hash(key) }
    static func markerSupport(whmcsURL: String) throws(CryptoFailure) -> String { try "install#" + hash(whmcsURL) }

    static let breakers = "breakers"
    static let token = "token"
    /// Of no item: no program writes one with this key.
    static let nothing = "doctor"

    private static let orderPrefix = "order#"
    private static func hash(_ text: String) throws(CryptoFailure) -> String { hex(try sha256(Array(text.utf8))) }
}

enum Index {
    /// The open orders by `dueAt`; it holds keys only.
    static let due = "due"
}
