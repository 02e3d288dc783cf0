import Crypto
import JSON

/// What keeps an order from being lost or made twice. A simulation without one must find a violation: it shows that the
/// invariants would see a mistake there. The programs stay as they are; their ledger forgets what the safeguard needs.
package enum Safeguard: String, CaseIterable, Sendable {
    /// The ledger does not keep that AddOrder is being sent.
    case sentMark = "sent-mark"
    /// The ledger does not keep that AcceptOrder is being sent.
    case acceptMark = "accept-mark"
    /// The quiet time after an unanswered AddOrder is 0 s.
    case quietTime = "quiet-time"
    /// A run writes although it has lost its lease. That a run takes an order only when no other has it is no safeguard of its
    /// own: the other one stops at its next write.
    case leaseCondition = "lease-condition"
    /// Two deliveries of one event have the same lease owner.
    case leaseOwner = "lease-owner"
    /// Every install counts as one that keeps markers.
    case markerProof = "marker-proof"
    /// The ledger does not keep until when a status write may still land.
    case lateWriteProtection = "late-write-protection"
    /// recover-orders does not run.
    case recovery
    /// A nonce is always free.
    case nonce
    /// An idempotency key is always free.
    case idempotencyKey = "idempotency-key"
    /// Every run finds the breakers closed.
    case breaker
}

extension Safeguard {
    /// The request to the table, as it is without the safeguard.
    func weakened(_ action: String, _ body: JSON) -> JSON {
        switch (self, action) {
        case (.sentMark, "UpdateItem"):
            body.replacing(value: ":addOrder", ["S": "none"]) { $0 == ["S": "sent"] }
        case (.acceptMark, "UpdateItem"): body.replacing(value: ":acceptAt", ["N": "0"])
        case (.lateWriteProtection, "UpdateItem"): body.replacing(value: ":lateUntil", ["N": "0"])
        case (.leaseCondition, "UpdateItem"): body.weakening { $0.hasPrefix("#leaseOwner = ") }
        case (.leaseOwner, "TransactWriteItems"): body.withTokenOfContent()
        case (.nonce, "TransactWriteItems"), (.nonce, "PutItem"): body.freeingClaims("nonce#")
        case (.idempotencyKey, "TransactWriteItems"): body.freeingClaims("key#")
        default: body
        }
    }

    /// The table's answer to a request, likewise.
    func weakened(answer: JSON, to body: JSON) -> JSON {
        if self == .breaker, body.key == "breakers", answer["Item"] != nil { return [:] }
        guard self == .markerProof, let key = body.key, key.hasPrefix("install#") else { return answer }
        let yes: JSON = ["BOOL": true]
        return ["Item": ["pk": ["S": .string(key)], "notes": yes, "field401": yes, "field402": yes]]
    }
}

extension JSON {
    fileprivate var key: String? { self["Key"]?["pk"]?["S"]?.string ?? self["Item"]?["pk"]?["S"]?.string }

    private func changing(_ name: String, _ change: (JSON) -> JSON) -> JSON {
        guard var members = object, let value = members[name] else { return self }
        members[name] = change(value)
        return .object(members)
    }

    fileprivate func replacing(value name: String, _ value: JSON, if matches: (JSON) -> Bool = { _ in true }) -> JSON {
        changing("ExpressionAttributeValues") { values in values.changing(name) { matches($0) ? value : $0 } }
    }

    /// The same write with a condition that always holds.
    fileprivate func weakening(_ matches: (String) -> Bool) -> JSON {
        guard let condition = self["ConditionExpression"]?.string, matches(condition),
            let name = self["ExpressionAttributeNames"]?.object?.keys.min()
        else { return self }
        return changing("ConditionExpression") { _ in
            .string("(\(condition) OR (attribute_exists(\(name)) OR attribute_not_exists(\(name))))")
        }
    }

    /// A token that depends on what the transaction writes: without random numbers all would have the same.
    fileprivate func withTokenOfContent() -> JSON {
        changing("ClientRequestToken") { _ in .string((try? sha256(bytes)).map { String(hex($0).prefix(32)) }) }
    }

    fileprivate func freeingClaims(_ prefix: String) -> JSON {
        if key?.hasPrefix(prefix) == true { return weakening { _ in true } }
        return changing("TransactItems") { items in
            .array(
                (items.array ?? []).map { item in
                    item.changing("Put") { $0.key?.hasPrefix(prefix) == true ? $0.weakening { _ in true } : $0 }
                })
        }
    }
}
