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
        /// The product's custom field that takes the marker.
        var markerField: Int?
    }

    var clientID: Int
    var items: [Item]

    /// One for each unit, in the order of the lines.
    var productIDs: [Int] { items.flatMap { Array(repeating: $0.productID, count: $0.quantity) } }

    func cart(paymentMethod: String, marker: Marker) -> Cart {
        Cart(
            clientId: clientID, paymentMethod: paymentMethod,
            lines: items.flatMap { item in
                Array(
                    repeating: Cart.Line(
                        productId: item.productID, cycle: item.cycle,
                        customFields: item.markerField.map { [$0: marker.text] } ?? [:], priceOverride: item.price),
                    count: item.quantity)
            }, notes: marker.text)
    }
}
