import Salesforce
import WHMCS

/// The price book against WHMCS's products: what an order of each entry would meet.
struct CatalogueDrift {
    let settings: ProvisioningSettings
    let products: [Int: Product]
    /// Whether the entries have the billing cycle.
    let hasCycles: Bool

    /// Why an order of the entry would fail, in the words of MAPPING_FAILED.
    func faults(_ entry: CatalogueEntry) -> [String] { line(entry).faults }

    /// A price of WHMCS, which counts, that is not Salesforce's; nil when they agree or cannot be compared.
    func priceFault(_ entry: CatalogueEntry) -> String? {
        let line = line(entry)
        guard hasCycles, !settings.usesSalesforcePrices, line.faults.isEmpty, let currency = currency(entry),
            let theirs = line.price, let ours = entry.item.unitPrice,
            Mapping.decimal(ours) != Mapping.decimal(theirs)
        else { return nil }
        return "\(entry.name): Salesforce \(ours), WHMCS \(theirs) \(currency)"
    }

    /// Whether the entry's product has no place for the marker that is configured.
    func lacksMarkerField(_ entry: CatalogueEntry) -> Bool {
        guard let name = settings.markerField, let product = product(entry) else { return false }
        return !product.customFields.contains { $0.name == name }
    }

    private func product(_ entry: CatalogueEntry) -> Product? {
        Mapping.productID(entry.item).flatMap { products[$0] }
    }

    private func line(_ entry: CatalogueEntry) -> MappedLine {
        let code = soldCurrency(entry)
        let mapping = Mapping(
            client: code.map { ClientDetails(id: 0, status: "Active", currencyCode: $0) }, products: products,
            markerField: settings.markerField, usesSalesforcePrices: settings.usesSalesforcePrices)
        var item = entry.item
        if !hasCycles { item.billingCycle = product(entry).flatMap(anyCycle)?.rawValue ?? "free" }
        return MappedLine(item, mapping)
    }

    /// That of the entry's prices; without one, WHMCS's when it has only one.
    private func currency(_ entry: CatalogueEntry) -> String? {
        if let known = entry.currency ?? settings.currency { return known }
        let codes = product(entry)?.prices.keys.sorted() ?? []
        return codes.count == 1 ? codes[0] : nil
    }

    /// Where nobody knows the client's currency, the product must be sold in any.
    private func soldCurrency(_ entry: CatalogueEntry) -> String? {
        if let known = currency(entry) { return known }
        guard let product = product(entry) else { return nil }
        let cycle = entry.item.billingCycle.flatMap { BillingCycle(words: $0) }
        let codes = product.prices.keys.sorted()
        return codes.first { code in cycle.map { product.price($0, in: code) != nil } ?? true } ?? codes.first
    }

    private func anyCycle(_ product: Product) -> BillingCycle? {
        BillingCycle.allCases.first { cycle in product.prices.values.contains { $0[cycle] != nil } }
    }
}
