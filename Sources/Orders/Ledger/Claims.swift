import AWS
import Basics
import Crypto
import JSON
import Salesforce

/// Claims of what a sender may use once: a nonce for one request, an idempotency key for one order. A claim ends with
/// its `expiresAt`.
extension Ledger {
    private static let idempotencyKeyLifetime: Milliseconds = 24 * 3_600_000

    func nonceClaim(_ request: Acceptance) throws(CryptoFailure) -> Write {
        try .put(
            item([
                .key: .string(ItemKey.nonce(request.nonce)), .expiresAt: expiry(request.nonceLifetime),
                .claimant: .string(request.claimant),
            ]), if: isUnclaimed.expression)
    }

    /// The claim stores the response for replays.
    func idempotencyKeyClaim(
        _ request: Acceptance, _ status: LedgerOrder.Status, _ requestNumber: Int
    ) throws(CryptoFailure) -> Write {
        try .put(
            item([
                .key: .string(ItemKey.idempotencyKey(request.idempotencyKey)),
                .expiresAt: expiry(Ledger.idempotencyKeyLifetime), .orderID: .string(request.orderID.text),
                .requestNumber: .number(requestNumber),
                .answer: Acceptance.answer(request.orderID, status, requestNumber),
            ]), if: isUnclaimed.expression)
    }

    /// DynamoDB deletes expired items late, so the condition also compares the time.
    private var isUnclaimed: Condition { .absent(.key) || .before(.expiresAt, .number(now().seconds)) }

    private func expiry(_ lifetime: Milliseconds) -> JSON { .number((now() + lifetime).seconds + 1) }

    private func item(_ attributes: KeyValuePairs<Attribute, JSON>) -> Table.Item {
        Dictionary(uniqueKeysWithValues: attributes.map { ($0.key.rawValue, $0.value) })
    }
}

/// An existing claim that made the condition fail.
struct ExistingClaim {
    private let item: Table.Item?

    init(_ item: Table.Item?) {
        self.item = item
    }

    var orderID: String? { item?[.orderID]?.string }
    var answer: JSON? { item?[.answer] }
    var requestNumber: Int? { item?[.requestNumber]?.integer }

    /// Whether this request made the claim, in an attempt whose answer was lost.
    func isOf(_ request: Acceptance) -> Bool { item?[.claimant]?.string == request.claimant }
}
