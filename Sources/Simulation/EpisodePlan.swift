import Basics

/// The parameters of an episode, all drawn from its seed. Shrinking changes single ones.
package struct EpisodePlan {
    /// When every episode begins: 2026-11-20T10:15:30Z.
    static let start = Timestamp(milliseconds: 1_795_169_730_000)

    package var seed: UInt64
    package var orders: Int
    var rates: FaultRates
    var behaviours: Behaviours
    /// How long faults occur; afterwards every order must end.
    var faultTime: Milliseconds
    /// The numbers of the faults that happen; nil for all. The others are drawn and left out.
    var onlyFaults: Set<Int>?
    /// What is taken out of the programs' ledger, so that the invariants must find it; nil for nothing.
    var without: Safeguard?
    /// What makes the episode a burst of orders; nil for an ordinary one.
    var burst: Burst?

    package init(seed: UInt64, orders: Int) {
        var random = SeededGenerator(seed: seed)
        self.seed = seed
        self.orders = orders
        rates = FaultRates.drawn(&random)
        behaviours = Behaviours.drawn(&random)
        faultTime = Int.random(in: 600_000...7_200_000, using: &random)
        // Otherwise most orders that fail in an outage would have met another fault, too.
        if behaviours.hasOutage, random.chance(0.5) { rates = .none }
    }
}

/// What people and vendors do, beside the faults of single calls: each a share of the cases in which it could happen, or
/// whether the episode has it.
struct Behaviours {
    // The senders of requests
    var doubleClicks = 0.0
    /// A request with the same key long after the first was accepted.
    var lateClicks = 0.0
    /// A stranger sends captured bytes again, with an idempotency key of his own.
    var capturedRequests = 0.0
    var platformEvents = 0.0
    var rotatesWebhookSecret = false
    /// An operator recovers an order, or all, by hand.
    var manualRecoveries = 0.0

    // AWS
    /// Of events, by EventBridge, Event Relay or Lambda.
    var duplicateDeliveries = 0.0
    /// PutEvents answers 200 and does not take every entry.
    var refusedEntries = 0.0

    // Salesforce
    var revokesTokens = 0.0
    var reconciles = false
    /// A validation rule refuses Provisioned until a person fixes it.
    var refusesProvisioned = false
    /// A line of the order is deleted after its planning.
    var deletedLines = 0.0
    /// Event Relay delivers hours-old events again, as new ones.
    var relayReplays = 0.0

    // WHMCS
    /// An order whose client or product is not ready: a person fixes it after the order has failed.
    var unreadyOrders = 0.0
    /// A person cancels the order while it is Pending.
    var cancellations = 0.0
    /// AcceptOrder sets the order up, or not, and answers that a module failed.
    var moduleErrors = 0.0
    /// A module fails to set services up until a person repairs it. The orders become Active all the same.
    var failingModule = 0.0
    /// A product is set up when the customer has paid.
    var setsUpOnPayment = false
    /// The API role may not read the module queue.
    var hidesModuleQueue = false
    /// A customer writes the order's id into the notes of an order of his own.
    var plantedOrders = 0.0
    /// WHMCS may carry AddOrder out after the quiet time: then two orders may be there, and never two accepted ones.
    var actsVeryLate = false
    var dropsNotes = false
    var usesMarkerField = false
    var listsOldestFirst = false
    /// The most rows of a page, so that few orders make several pages; 0 for WHMCS's own limit.
    var rowsInPage = 0
    var looseFormats = false
    /// Server errors come from PHP, in JSON, and not from a gateway.
    var answersErrorsInJSON = false
    /// WHMCS's API secret is rotated.
    var rotatesCredentials = false

    // Outages, each a share of a day
    var whmcsOutage = 0.0
    var salesforceOutage = 0.0
    /// WHMCS answers everything else.
    var addOrderOutage = 0.0

    var hasOutage: Bool { whmcsOutage > 0 || salesforceOutage > 0 || addOrderOutage > 0 }

    /// Every kind is absent from most episodes, so that each is seen with and without the others.
    static func drawn(_ random: inout SeededGenerator) -> Behaviours {
        func share(_ most: Double) -> Double { random.chance(0.3) ? Double.random(in: 0...most, using: &random) : 0 }
        var drawn = Behaviours()
        for (kind, most) in shares { drawn[keyPath: kind] = share(most) }
        // A day has many calls, so few episodes have an outage.
        if !random.chance(0.1) { (drawn.whmcsOutage, drawn.salesforceOutage, drawn.addOrderOutage) = (0, 0, 0) }
        for (kind, frequency) in choices { drawn[keyPath: kind] = random.chance(frequency) }
        if random.chance(0.3) { drawn.rowsInPage = Int.random(in: 2...4, using: &random) }
        return drawn
    }

    /// With the largest share of each.
    nonisolated(unsafe) static let shares: [(WritableKeyPath<Behaviours, Double>, Double)] = [
        (\.doubleClicks, 0.5), (\.lateClicks, 0.5), (\.capturedRequests, 0.5), (\.platformEvents, 1),
        (\.duplicateDeliveries, 0.3), (\.refusedEntries, 0.2), (\.revokesTokens, 0.2), (\.unreadyOrders, 0.4),
        (\.cancellations, 0.5), (\.moduleErrors, 0.3), (\.deletedLines, 0.3), (\.relayReplays, 0.5),
        (\.manualRecoveries, 0.3), (\.failingModule, 1), (\.plantedOrders, 0.5),
        (\.whmcsOutage, 1), (\.salesforceOutage, 1), (\.addOrderOutage, 1),
    ]

    /// With the share of the episodes that have it.
    nonisolated(unsafe) static let choices: [(WritableKeyPath<Behaviours, Bool>, Double)] = [
        (\.rotatesWebhookSecret, 0.2), (\.reconciles, 0.2), (\.dropsNotes, 0.2), (\.usesMarkerField, 0.3),
        (\.listsOldestFirst, 0.5), (\.looseFormats, 0.3), (\.actsVeryLate, 0.1),
        (\.refusesProvisioned, 0.1), (\.answersErrorsInJSON, 0.3), (\.rotatesCredentials, 0.2),
        (\.setsUpOnPayment, 0.2), (\.hidesModuleQueue, 0.1),
    ]
}
