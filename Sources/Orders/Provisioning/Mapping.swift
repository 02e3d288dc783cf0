import Basics
import Salesforce
import WHMCS

/// The client that an account names: `#1234 - Customer Name`, or the bare number. Nil when it names none.
func clientID(_ reference: String) -> Int? {
    let text = reference.trimmed
    let afterSign = text.first == "#" ? text.dropFirst() : text
    let digits = afterSign.prefix { $0.isASCII && $0.isNumber }
    let rest = afterSign.dropFirst(digits.count).trimmed
    guard rest.isEmpty || rest.first == "-" || rest.first == "–" else { return nil }
    return Int(digits).flatMap { $0 > 0 ? $0 : nil }
}

/// Turns an order's lines into a plan, or tells everything that is wrong with them at once.
struct Mapping {
    /// PHP reads no more than 1,000 form fields (`max_input_vars`) and drops the rest without a word; a line takes up
    /// to four.
    static let mostLines = 200

    var client: ClientDetails
    var products: [Int: Product]
    /// The name of the products' custom field for the marker, when one is configured.
    var markerField: String?
    var takesPrices: Bool

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
        // Of a line with an absurd quantity only so much is counted that the sum is still an Int.
        let lines = planned.reduce(0) { $0 + min($1.quantity, 1 << 32) }
        if lines > Mapping.mostLines {
            faults.append("the order has \(lines) units in all, and WHMCS takes \(Mapping.mostLines) at once")
        }
        guard faults.isEmpty else { throw ProvisioningFailure(.mappingFailed, faults.joined(separator: "; ")) }
        return Plan(clientID: client.id, items: planned)
    }

    /// The WHMCS product that a line names, `185` or `185.0`.
    static func productID(_ item: SalesforceOrder.Item) -> Int? {
        guard let number = item.whmcsProductId.flatMap(decimal), number > 0 else { return nil }
        return Int(exactly: number)
    }

    /// A number of digits and a point: `Double` alone reads `nan`, `0x1p3` and the like as well.
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
        let cycle = item.billingCycle.flatMap { BillingCycle($0) }
        let quantity = item.quantity.flatMap { Int(exactly: $0) }
        switch (item.whmcsProductId, productID, product) {
        case (nil, _, _): faults.append("it has no WHMCS product id")
        case (let text?, nil, _): faults.append("\"\(text.prefix(40))\" is no WHMCS product id")
        case (_, let id?, nil): faults.append("WHMCS has no product \(id)")
        default: break
        }
        switch (item.billingCycle, cycle) {
        case (nil, _): faults.append("it has no billing cycle")
        case (let text?, nil): faults.append("\"\(text.prefix(40))\" is no billing cycle of WHMCS")
        case (_, let cycle?):
            if let product, !product.offers(cycle, in: client.currencyCode) {
                faults.append("WHMCS does not sell product \(product.id) \(cycle.rawValue) in \(client.currencyCode)")
            }
        }
        if quantity ?? 0 < 1 { faults.append("its quantity is not a whole number of 1 or more") }
        let price = takesPrices ? item.unitPrice : nil
        if takesPrices, price.flatMap(Mapping.decimal) == nil { faults.append("it has no price") }
        guard faults.isEmpty, let product, let cycle, let quantity else { return .failure(Faults(list: faults)) }
        return .success(
            Plan.Item(
                orderItemID: item.id, productID: product.id, cycle: cycle, quantity: quantity, price: price,
                markerField: markerField.flatMap { product.customFields[$0] }))
    }
}
