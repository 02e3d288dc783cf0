import Testing
import WHMCS

@testable import Orders

@Suite struct BillingCycleTests {
    @Test(
        "The words of Salesforce and WHMCS are read",
        arguments: [
            ("Monthly", .monthly), ("monthly", .monthly), (" Monthly ", .monthly),
            ("Onetime", .onetime), ("One-Time", .onetime), ("One Time", .onetime), ("one_time", .onetime),
            ("Annual", .annually), ("Annually", .annually), ("Yearly", .annually),
            ("Semi-Annually", .semiannually), ("Semiannual", .semiannually), ("Semi Annual", .semiannually),
            ("Quarterly", .quarterly), ("Biennial", .biennially), ("Biennially", .biennially),
            ("Triennial", .triennially), ("Triennially", .triennially), ("Free", .free), ("Free Account", .free),
        ] as [(String, BillingCycle)])
    func words(_ words: String, _ cycle: BillingCycle) {
        #expect(BillingCycle(words: words) == cycle)
    }

    @Test("The cycle names of AddOrder are read", arguments: BillingCycle.allCases)
    func ownWords(_ cycle: BillingCycle) {
        #expect(BillingCycle(words: cycle.rawValue) == cycle)
    }

    /// "Biannual" is twice a year to some and every two years to others.
    @Test(
        "No other word is guessed",
        arguments: ["", "Weekly", "Biannual", "Bi-Monthly", "12 Monthly", "Month", "Monthly!", "--"])
    func otherWords(_ words: String) {
        #expect(BillingCycle(words: words) == nil)
    }
}
