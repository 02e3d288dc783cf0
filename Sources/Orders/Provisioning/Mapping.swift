import Basics
import Salesforce
import WHMCS

/// The WHMCS client that an account names: `#1234 - Customer Name`, or the bare number. Nil when it names none.
func clientID(_ reference: String) -> Int? {
    let text = reference.trimmed
    let afterSign = text.first == "#" ? text.dropFirst() : text
    let digits = afterSign.prefix { $0.isASCII && $0.isNumber }
    let rest = afterSign.dropFirst(digits.count).trimmed
    guard rest.isEmpty || rest.first == "-" || rest.first == "–" else { return nil }
    return Int(digits).flatMap { $0 > 0 ? $0 : nil }
}

/// Turns an order's lines into a plan, or reports all their faults in one error.
struct Mapping {
    /// PHP silently drops form fields beyond 1,000 (`max_input_vars`), and a unit takes up to four.
    static let mostUnits = 200

    var client: ClientDetails
    var products: [Int: Product]
    /// The name of the products' custom field for the marker, when one is configured.
    var markerField: String?
    var usesSalesforcePrices: Bool

    func plan(_ items: [SalesforceOrder.Item]) throws(ProvisioningFailure) -> Plan {
        var faults: [String] = []
        var planned: [Plan.Item] = []
        for (index, item) in items.enumerated() {
            switch plan(item) {
            case .success(let item): planned.append(item)
            case .failure(let wrong):
                faults.append(
                    "line \(index + 1) (\(item.productName ?? item.id.text)): \(wrong.list.joined(separator: ", "))")
            }
        }
        // An absurd quantity must not overflow the sum.
        let units = planned.reduce(0) { $0 + min($1.quantity, 1 << 32) }
        if units > Mapping.mostUnits {
            faults.append("the order has \(units) units; the maximum is \(Mapping.mostUnits)")
        }
        guard faults.isEmpty else { throw ProvisioningFailure(.mappingFailed, faults.joined(separator: "; ")) }
        return Plan(clientID: client.id, items: planned)
    }

    /// The WHMCS product that a line names, `185` or `185.0`.
    static func productID(_ item: SalesforceOrder.Item) -> Int? {
        guard let number = item.whmcsProductId.flatMap(decimal), number > 0 else { return nil }
        return Int(exactly: number)
    }

    /// Digits and a point only: `Double` would also read `nan` and `0x1p3`.
    private static func decimal(_ text: String) -> Double? {
        text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") } ? Double(text) : nil
    }

    private struct Faults: Error {
        var list: [String]
    }

    private func plan(_ item: SalesforceOrder.Item) -> Result<Plan.Item, Faults> {
        var faults: [String] = []
        let productID = Mapping.productID(item)
        let product = productID.flatMap { products[$0] }
        let cycle = item.billingCycle.flatMap { BillingCycle(words: $0) }
        let quantity = item.quantity.flatMap { Int(exactly: $0) }
        switch (item.whmcsProductId, productID, product) {
        case (nil, _, _): faults.append("it has no WHMCS product id")
        case (let text?, nil, _): faults.append("\"\(text.prefix(40))\" is not a WHMCS product id")
        case (_, let id?, nil): faults.append("WHMCS has no product \(id)")
        default: break
        }
        switch (item.billingCycle, cycle) {
        case (nil, _): faults.append("it has no billing cycle")
        case (let text?, nil): faults.append("\"\(text.prefix(40))\" is not a WHMCS billing cycle")
        case (_, let cycle?):
            if let product, !product.offers(cycle, in: client.currencyCode) {
                faults.append("WHMCS does not sell product \(product.id) \(cycle.rawValue) in \(client.currencyCode)")
            }
        }
        if quantity ?? 0 < 1 { faults.append("its quantity is not a whole number of 1 or more") }
        let price = usesSalesforcePrices ? item.unitPrice : nil
        if usesSalesforcePrices, price.flatMap(Mapping.decimal) == nil { faults.append("it has no price") }
        guard faults.isEmpty, let product, let cycle, let quantity else { return .failure(Faults(list: faults)) }
        return .success(
            Plan.Item(
                orderItemID: item.id, productID: product.id, cycle: cycle, quantity: quantity, price: price,
                markerField: markerField.flatMap { product.customFields[$0] }))
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
