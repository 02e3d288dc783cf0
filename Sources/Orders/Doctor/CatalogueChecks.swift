import Basics
import HTTP
import Salesforce
import WHMCS

/// Compares the catalogue of both sides.
struct CatalogueChecks {
    let settings: ProvisioningSettings
    let salesforce: SalesforceClient
    let whmcs: WHMCSClient

    /// What the answer holds of a fault in a hundred products.
    private static let mostGroups = 20
    private static let mostNames = 10

    func checks() -> [Check] {
        guard let fields = CatalogueFields(settings.fields) else {
            return [.notChecked("catalogue", "SF_FIELD_PRODUCT is a field of the order line, and in no price book")]
        }
        let entries: [CatalogueEntry]
        let products: [Int: Product]
        do {
            let description = try salesforce.describe("PricebookEntry")
            entries = try salesforce.catalogue(
                of: settings.pricebookID, fields, hasCurrencies: description["CurrencyIsoCode"] != nil)
            products = try self.products(entries)
        } catch { return [.failed("catalogue", Problem(error))] }
        guard !entries.isEmpty else {
            let help =
                "Add entries to the price book, share it with the integration user, or check PORTAL_PRICEBOOK_ID."
            return [.failed("catalogue", Problem("the user sees no active product in the price book", help: help))]
        }
        let drift = CatalogueDrift(settings: settings, products: products, hasCycles: fields.cycle != nil)
        return [
            orders(entries, drift), prices(entries, drift), markerField(entries, drift),
            // WHMCS's developer documentation, issue 121.
            .notChecked(
                "catalogue: hidden products", "GetProducts lists hidden products, and does not say which they are"),
        ]
    }

    private func products(_ entries: [CatalogueEntry]) throws(WHMCSFailure) -> [Int: Product] {
        var products: [Int: Product] = [:]
        let ids = Set(entries.map(\.item).compactMap(Mapping.productID)).sorted()
        for some in ids.chunks(of: 100) { products.merge(try whmcs.products(Set(some))) { $1 } }
        return products
    }

    private func orders(_ entries: [CatalogueEntry], _ drift: CatalogueDrift) -> Check {
        Check("catalogue: orders") {
            let faulty = entries.map { (name: $0.name, faults: drift.faults($0)) }.filter { !$0.faults.isEmpty }
            guard !faulty.isEmpty else { return "\(entries.count) products of the price book can be ordered" }
            let named = faulty.flatMap { entry in entry.faults.map { (fault: $0, name: entry.name) } }
            throw Problem(
                "\(faulty.count) of \(entries.count) products cannot be ordered: \(Self.grouped(named))",
                help:
                    "Correct the product in Salesforce (SF_FIELD_PRODUCT, SF_FIELD_BILLING_CYCLE) or in WHMCS (product,"
                    + " pricing), or deactivate it in the price book.")
        }
    }

    private func prices(_ entries: [CatalogueEntry], _ drift: CatalogueDrift) -> Check {
        Check("catalogue: prices") {
            if settings.usesSalesforcePrices { return "those of Salesforce count" }
            let faults = entries.compactMap(drift.priceFault)
            guard !faults.isEmpty else { return nil }
            throw Problem(
                "prices that differ: \(faults.count): \(Self.listed(faults, most: Self.mostGroups))",
                help: "WHMCS bills its own price. Correct one of both, or set WHMCS_PRICE_FROM_SALESFORCE.")
        }
    }

    private func markerField(_ entries: [CatalogueEntry], _ drift: CatalogueDrift) -> Check {
        Check("WHMCS marker field") {
            guard let field = settings.markerField else { return "none is configured: the notes carry the marker" }
            let names = entries.filter(drift.lacksMarkerField).map(\.name)
            guard !names.isEmpty else { return nil }
            throw Problem(
                "no custom field \(field) on the order form: \(Self.listed(names, most: Self.mostNames))",
                help: "Create the product custom field in WHMCS, with Show on Order Form; GetProducts lists no others.")
        }
    }

    /// `it has no WHMCS product id (A, B); …`, by fault, the most frequent first.
    private static func grouped(_ faults: [(fault: String, name: String)]) -> String {
        let groups = Dictionary(grouping: faults, by: \.fault).sorted {
            ($1.value.count, $0.key) < ($0.value.count, $1.key)
        }
        let texts = groups.map { fault, entries in "\(fault) (\(listed(entries.map(\.name), most: mostNames)))" }
        return listed(texts, most: mostGroups, separator: "; ")
    }

    private static func listed(_ texts: [String], most: Int, separator: String = ", ") -> String {
        let shown = texts.prefix(most).map { String($0.prefix(200)) }.joined(separator: separator)
        return texts.count > most ? "\(shown) and \(texts.count - most) more" : shown
    }
}
