import Salesforce

/// A product in the price book, as a line of an order would have it.
struct CatalogueEntry {
    var item: SalesforceOrder.Item
    /// ISO 4217; nil in an org with one currency.
    var currency: String?
    var name: String { item.productName ?? item.id.text }
}

/// Where the entries have what order lines have. A field of the order line itself is in no price book.
struct CatalogueFields {
    let product: String
    /// Nil when order lines have it.
    let cycle: String?

    init?(_ fields: SalesforceFields) {
        guard let product = path(fields.productPath) else { return nil }
        self.product = product
        cycle = path(fields.billingCyclePath)
    }
}

/// The path from an entry, of a path from the order line.
private func path(_ path: String) -> String? {
    let names = path.split(separator: ".", maxSplits: 1).map(String.init)
    guard names.count == 2 else { return nil }
    switch names[0].lowercased() {
    case "product2": return path
    case "pricebookentry": return names[1]
    default: return nil
    }
}

extension SalesforceClient {
    /// - Parameter hasCurrencies: whether the org has several.
    func catalogue(
        of pricebook: RecordID?, _ fields: CatalogueFields, hasCurrencies: Bool
    ) throws(SalesforceFailure) -> [CatalogueEntry] {
        let optional = [fields.cycle, hasCurrencies ? "CurrencyIsoCode" : nil].compactMap(\.self)
        let records = try catalogue(
            of: pricebook, selecting: ["Product2.Name", "UnitPrice", fields.product] + optional)
        return records.map { record in
            CatalogueEntry(
                item: SalesforceOrder.Item(
                    id: record.id, productName: record["Product2.Name"], whmcsProductId: record[fields.product],
                    billingCycle: fields.cycle.flatMap { record[$0] }, quantity: 1, unitPrice: record["UnitPrice"]),
                currency: hasCurrencies ? record["CurrencyIsoCode"] : nil)
        }
    }
}
