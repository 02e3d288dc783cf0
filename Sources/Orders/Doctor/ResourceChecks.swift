import AWS
import Basics
import HTTP
import Salesforce

/// The AWS resources of a function.
extension Check {
    /// - Parameter key: of an item that the role may update, when it may update no other.
    static func ledger(_ ledger: Ledger, reads: Bool, writing key: String) -> Check {
        Check("ledger") {
            if reads { try ledger.checkRead() }
            try ledger.checkWrite(key)
            return nil
        }
    }

    static func orderQueue(_ queue: Queue) -> Check {
        Check("order queue") {
            let count = try queue.waitingMessages()
            return count == 1 ? "1 message waits" : "\(count) messages wait"
        }
    }

    /// The Salesforce token in a parameter.
    static func token(_ value: String?, now: Timestamp) -> (check: Check, token: Token?) {
        guard let value else {
            let help = "Invoke refresh-sf-token once: it stores the first token. An order would make it do so, too."
            return (.failed("Salesforce token", Problem("no token is stored yet", help: help)), nil)
        }
        do {
            let token = try Token(parameterValue: value)
            return (.passed("Salesforce token", "\((now - token.issuedAt) / 60_000) min old"), token)
        } catch { return (.failed("Salesforce token", Problem(error)), nil) }
    }
}
