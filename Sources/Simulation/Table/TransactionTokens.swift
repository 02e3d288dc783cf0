import Basics
import JSON

/// The transactions that DynamoDB recognises when they come again: each for 10 minutes, by its `ClientRequestToken`.
struct TransactionTokens {
    private var transactions: [String: (body: JSON, until: Timestamp)] = [:]
    /// The tokens as they came, so that the oldest go first.
    private var tokens: [String] = []
    private var forgotten = 0

    private static let lifetime: Milliseconds = 600_000

    /// The body that came with the token; nil when none did.
    mutating func body(of token: String, now: Timestamp) -> JSON? {
        forget(before: now)
        return transactions[token]?.body
    }

    /// The transaction with this token has succeeded.
    mutating func remember(_ token: String, _ body: JSON, now: Timestamp) {
        transactions[token] = (body, now + TransactionTokens.lifetime)
        tokens.append(token)
    }

    private mutating func forget(before now: Timestamp) {
        while forgotten < tokens.count, let until = transactions[tokens[forgotten]]?.until, until <= now {
            transactions[tokens[forgotten]] = nil
            forgotten += 1
        }
        // Not one by one: each removal moves the rest.
        guard forgotten > 1024, forgotten > tokens.count / 2 else { return }
        tokens.removeFirst(forgotten)
        forgotten = 0
    }
}
