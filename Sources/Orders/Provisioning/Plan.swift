import Salesforce
import WHMCS

/// What to order in WHMCS for an order of Salesforce. The ledger keeps it, so that every run for one request orders the
/// same.
struct Plan: Sendable, Equatable {
    struct Item: Sendable, Equatable {
        var orderItemID: RecordID
        var productID: Int
        var cycle: BillingCycle
        var quantity: Int
        /// The recurring price, a decimal number; nil for the product's own.
        var price: String?
        /// WHMCS may add the prices of configurable options, or a set-up fee, to ours: the vendor does not say.
        var mayCostMore = false
        /// The product's custom field that takes the marker.
        var markerField: Int?
        var domain: String?
        var hostname: String?
        /// Option id → value.
        var configOptions: [Int: String] = [:]
        /// Field id → value, without the marker's.
        var customFields: [Int: String] = [:]
    }

    var clientID: Int
    var items: [Item]
    /// The gateway; nil in a plan of a version that did not store it.
    var paymentMethod: String?
    /// The client's; nil in a plan of a version that did not store it.
    var currency: String?

    /// One for each unit, in the order of the lines.
    var productIDs: [Int] { items.flatMap { Array(repeating: $0.productID, count: $0.quantity) } }

    func cart(_ settings: ProvisioningSettings, marker: Marker) -> Cart {
        Cart(
            clientId: clientID, paymentMethod: paymentMethod ?? settings.paymentMethod ?? "",
            lines: items.flatMap { item in Array(repeating: item.line(marker), count: item.quantity) },
            notes: marker.text, createsInvoice: settings.createsInvoice,
            sendsConfirmation: settings.sendsConfirmation)
    }
}

extension Plan.Item {
    fileprivate func line(_ marker: Marker) -> Cart.Line {
        var fields = customFields
        if let markerField { fields[markerField] = marker.text }
        return Cart.Line(
            productId: productID, cycle: cycle, customFields: fields, priceOverride: price, domain: domain,
            hostname: hostname, configOptions: configOptions)
    }
}
