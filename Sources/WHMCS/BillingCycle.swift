/// How often a service is billed, in the words AddOrder takes.
public enum BillingCycle: String, Sendable, CaseIterable {
    case free, onetime, monthly, quarterly, semiannually, annually, biennially, triennially

    /// From the words of Salesforce, and from those WHMCS reads out (`One-Time`, `Semi-Annually`, `Free Account`).
    ///
    /// Nil for any other word: a wrong cycle is a wrong bill, so nothing is guessed.
    public init?(_ words: String) {
        switch words.lowercased().filter({ !" -_".contains($0) }) {
        case "free", "freeaccount": self = .free
        case "onetime": self = .onetime
        case "monthly": self = .monthly
        case "quarterly": self = .quarterly
        case "semiannually", "semiannual": self = .semiannually
        case "annually", "annual", "yearly": self = .annually
        case "biennially", "biennial": self = .biennially
        case "triennially", "triennial": self = .triennially
        default: return nil
        }
    }
}
