/// How often a service is billed, in the words AddOrder takes.
public enum BillingCycle: String, Sendable, CaseIterable {
    case free, onetime, monthly, quarterly, semiannually, annually, biennially, triennially
}
