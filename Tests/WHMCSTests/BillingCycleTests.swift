import Testing
import WHMCS

@Suite struct BillingCycleTests {
    @Test(
        arguments: [
            ("Monthly", .monthly), ("monthly", .monthly), (" Monthly ", .monthly),
            ("Onetime", .onetime), ("One-Time", .onetime), ("One Time", .onetime), ("one_time", .onetime),
            ("Annual", .annually), ("Annually", .annually), ("Yearly", .annually),
            ("Semi-Annually", .semiannually), ("Semiannual", .semiannually), ("Semi Annual", .semiannually),
            ("Quarterly", .quarterly), ("Biennial", .biennially), ("Biennially", .biennially),
            ("Triennial", .triennially), ("Triennially", .triennially), ("Free", .free), ("Free Account", .free),
        ] as [(String, BillingCycle)])
    func wordsOfBothSidesAreRead(_ words: String, _ cycle: BillingCycle) {
        #expect(BillingCycle(words) == cycle)
    }

    @Test(arguments: BillingCycle.allCases)
    func whatIsSentIsReadBack(_ cycle: BillingCycle) {
        #expect(BillingCycle(cycle.rawValue) == cycle)
    }

    /// "Biannual" is twice a year to some and every two years to others.
    @Test(arguments: ["", "Weekly", "Biannual", "Bi-Monthly", "12 Monthly", "Month", "Monthly!", "--"])
    func nothingElseIsGuessed(_ words: String) {
        #expect(BillingCycle(words) == nil)
    }
}
