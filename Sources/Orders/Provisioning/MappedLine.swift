import Salesforce
import WHMCS

/// A line of an order and what it is in WHMCS, as far as that is known.
struct MappedLine {
    let item: SalesforceOrder.Item
    let productID: Int?
    let product: Product?
    let cycle: BillingCycle?
    let quantity: Int?
    /// WHMCS's price of a unit, in the client's currency.
    let price: String?
    let details: LineDetails
    let faults: [String]
    /// What to order; nil when the line has faults.
    let planned: Plan.Item?

    init(_ item: SalesforceOrder.Item, _ mapping: Mapping) {
        let productID = Mapping.productID(item)
        let product = productID.flatMap { mapping.products?[$0] }
        let cycle = item.billingCycle.flatMap { BillingCycle(words: $0) }
        let quantity = item.quantity.flatMap { Int(exactly: $0) }
        var faults: [String] = []
        switch (item.whmcsProductId, productID) {
        case (nil, _): faults.append("it has no WHMCS product id")
        case (let text?, nil) where text.lowercased().hasPrefix("domain"):
            faults.append("registering and transferring domains as lines of their own is not supported")
        case (let text?, nil): faults.append("\"\(text.prefix(40))\" is not a WHMCS product id")
        case (_, let id?): if mapping.products != nil, product == nil { faults.append("WHMCS has no product \(id)") }
        }
        var price: String?
        switch (item.billingCycle, cycle) {
        case (nil, _): faults.append("it has no billing cycle")
        case (let text?, nil): faults.append("\"\(text.prefix(40))\" is not a WHMCS billing cycle")
        case (_, let cycle?):
            guard let product, let currency = mapping.client?.currencyCode else { break }
            price = product.price(cycle, in: currency)
            if price == nil {
                faults.append("WHMCS does not sell product \(product.id) \(cycle.rawValue) in \(currency)")
            }
        }
        if quantity ?? 0 < 1 { faults.append("its quantity is not a whole number of 1 or more") }
        if mapping.usesSalesforcePrices, item.unitPrice.flatMap(Mapping.decimal) == nil {
            faults.append("it has no price")
        }
        if mapping.usesSalesforcePrices, cycle == .free, item.unitPrice.flatMap(Mapping.decimal) ?? 0 > 0 {
            faults.append("it has a price, and its billing cycle is free")
        }
        let markerField = mapping.markerField.flatMap { name in product?.customFields.last { $0.name == name }?.id }
        details = LineDetails(item, quantity: quantity ?? 1, product: product, markerField: markerField)
        faults += details.faults

        (self.item, self.productID, self.product) = (item, productID, product)
        (self.cycle, self.quantity, self.price, self.faults) = (cycle, quantity, price, faults)
        guard faults.isEmpty, let product, let cycle, let quantity else {
            planned = nil
            return
        }
        planned = Plan.Item(
            orderItemID: item.id, productID: product.id, cycle: cycle, quantity: quantity,
            price: mapping.usesSalesforcePrices ? item.unitPrice : nil,
            mayCostMore: mapping.usesSalesforcePrices && (cycle == .onetime || !product.configOptions.isEmpty),
            markerField: markerField,
            domain: details.domain, hostname: details.hostname, configOptions: details.configOptions,
            customFields: details.customFields)
    }
}

extension BillingCycle {
    /// From the words of a Salesforce picklist, or those WHMCS shows (`One-Time`, `Semi-Annually`, `Free Account`).
    ///
    /// Nil for any other word: a wrong cycle is a wrong bill, so nothing is guessed.
    init?(words: String) {
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
