import Basics
import JSON
import Salesforce
import WHMCS

/// Turns an order's lines into a plan, or reports all their faults in one error.
struct Mapping {
    /// PHP silently drops form fields beyond 1,000 (`max_input_vars`). A unit takes up to seven, and the rest of AddOrder
    /// fewer than twenty.
    static let mostUnits = 140
    /// An item of DynamoDB holds 400 KB, and the plan is most of an order's.
    private static let mostBytes = 200_000

    /// Nil when the client is unknown: then nothing that depends on it is checked, and there is no plan.
    var client: ClientDetails?
    /// Nil when WHMCS could not be asked for them.
    var products: [Int: Product]?
    /// The gateway that the client's order gets.
    var paymentMethod: String?
    /// The name of the products' custom field for the marker, when one is configured.
    var markerField: String?
    var usesSalesforcePrices: Bool
    /// Of the order's prices; nil when it has none.
    var currency: String?

    func plan(_ items: [SalesforceOrder.Item]) throws(ProvisioningFailure) -> Plan {
        let lines = lines(items)
        let faults = faults(lines)
        guard faults.isEmpty, let client else {
            throw ProvisioningFailure(.mappingFailed, faults.joined(separator: "; "))
        }
        return Plan(
            clientID: client.id, items: lines.compactMap(\.planned), paymentMethod: paymentMethod,
            currency: client.currencyCode)
    }

    func lines(_ items: [SalesforceOrder.Item]) -> [MappedLine] { items.map { MappedLine($0, self) } }

    /// Everything that is wrong with the order's lines, line by line, and with the order as a whole.
    func faults(_ lines: [MappedLine]) -> [String] {
        var faults: [String] = []
        if usesSalesforcePrices, let client, currency?.lowercased() != client.currencyCode.lowercased() {
            let prices = currency.map { "the order's prices are in \($0.prefix(40))" } ?? "the order has no currency"
            faults.append("\(prices), and WHMCS client \(client.id) pays in \(client.currencyCode)")
        }
        for (index, line) in lines.enumerated() where !line.faults.isEmpty {
            let name = line.item.productName ?? line.item.id.text
            faults.append("line \(index + 1) (\(name)): \(line.faults.joined(separator: ", "))")
        }
        // An absurd quantity must not overflow the sum.
        let units = lines.reduce(0) { $0 + min($1.planned?.quantity ?? 0, 1 << 32) }
        if units > Mapping.mostUnits {
            faults.append("the order has \(units) units; the maximum is \(Mapping.mostUnits)")
        }
        // AddOrder has each unit for itself.
        let size = lines.compactMap(\.planned).reduce(0) { size, item in
            size + min(item.quantity, Mapping.mostUnits) * Plan(clientID: 1, items: [item]).json.bytes.count
        }
        if size > Mapping.mostBytes {
            faults.append("the units' options and custom fields are too long: together they may have 200,000 bytes")
        }
        return faults
    }

    /// The WHMCS product that a line names, `185` or `185.0`.
    static func productID(_ item: SalesforceOrder.Item) -> Int? {
        guard let number = item.whmcsProductId.flatMap(decimal), number > 0 else { return nil }
        return Int(exactly: number)
    }

    /// Digits and a point only: `Double` would also read `nan` and `0x1p3`.
    static func decimal(_ text: String) -> Double? {
        text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") } ? Double(text) : nil
    }
}
