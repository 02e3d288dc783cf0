import JSON

/// A product: its prices and custom fields.
public struct Product: Sendable, Equatable {
    public var id: Int
    /// `free`, `onetime` or `recurring`.
    public var payType: String
    /// Currency code → cycles with a price.
    public var cycles: [String: Set<BillingCycle>]
    /// Name → id of the custom fields on the order form; WHMCS lists no others.
    public var customFields: [String: Int]

    public func offers(_ cycle: BillingCycle, in currencyCode: String) -> Bool {
        payType == "free" ? cycle == .free : cycles[currencyCode]?.contains(cycle) ?? false
    }
}

extension WHMCSClient {
    /// The products of `ids` that exist, by id.
    public func products(_ ids: Set<Int>) throws(WHMCSFailure) -> [Int: Product] {
        guard !ids.isEmpty else { return [:] }
        let action = "GetProducts"
        let list = ids.sorted().map(String.init).joined(separator: ",")
        let answer = try call(action, [("pid", list)], .read)
        guard let rows = answer.rows("products", "product") ?? (answer["totalresults"]?.integer == 0 ? [] : nil) else {
            throw .unreadable(action: action, "no list of products", mayHaveHappened: false)
        }
        var products: [Int: Product] = [:]
        for row in rows {
            guard let product = Product(row) else {
                throw .unreadable(action: action, "a product without id or paytype", mayHaveHappened: false)
            }
            if ids.contains(product.id) { products[product.id] = product }
        }
        return products
    }
}

extension Product {
    init?(_ row: JSON) {
        guard let id = row["pid"]?.id, let payType = row["paytype"]?.stringOrNumber?.lowercased() else { return nil }
        self.id = id
        self.payType = payType
        cycles = (row["pricing"]?.object ?? [:]).mapValues { prices in
            // The price of a one-time product is under `monthly`.
            guard payType != "onetime" else { return Product.hasPrice(prices["monthly"]) ? [.onetime] : [] }
            return Set(Product.recurring.filter { Product.hasPrice(prices[$0.rawValue]) })
        }
        customFields = [:]
        for field in row.rows("customfields", "customfield") ?? [] {
            if let name = field["name"]?.stringOrNumber, let id = field["id"]?.id { customFields[name] = id }
        }
    }

    private static let recurring: [BillingCycle] = [
        .monthly, .quarterly, .semiannually, .annually, .biennially, .triennially,
    ]

    /// `-1.00` means that the cycle is disabled.
    private static func hasPrice(_ price: JSON?) -> Bool {
        guard let text = price?.stringOrNumber, let number = Double(text) else { return false }
        return number >= 0
    }
}
