import JSON

/// A product: its prices, and what an order for it may or must say.
public struct Product: Sendable, Equatable {
    /// A custom field on the order form; WHMCS lists no others.
    public struct CustomField: Sendable, Equatable {
        public var id: Int
        public var name: String
        public var isRequired: Bool

        public init(id: Int, name: String, isRequired: Bool = false) {
            (self.id, self.name, self.isRequired) = (id, name, isRequired)
        }
    }

    public var id: Int
    public var name: String
    /// `hostingaccount`, `reselleraccount`, `server` or `other`.
    public var type: String
    /// `free`, `onetime` or `recurring`.
    public var payType: String
    /// Currency code → cycle → price, for the cycles that are sold.
    public var prices: [String: [BillingCycle: String]]
    public var customFields: [CustomField]
    public var configOptions: [ConfigOption]

    public init(
        id: Int, name: String = "", type: String = "other", payType: String,
        prices: [String: [BillingCycle: String]], customFields: [CustomField] = [],
        configOptions: [ConfigOption] = []
    ) {
        self.id = id
        self.name = name
        self.type = type
        self.payType = payType
        self.prices = prices
        self.customFields = customFields
        self.configOptions = configOptions
    }

    /// The recurring or one-time price of a unit; nil when WHMCS does not sell the product like that.
    public func price(_ cycle: BillingCycle, in currencyCode: String) -> String? {
        guard payType != "free" else { return cycle == .free ? "0.00" : nil }
        return prices[currencyCode]?[cycle]
    }

    /// Only an order for a server has a hostname ("AddOrder").
    public var takesHostname: Bool { type == "server" }
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
        let fields = (row.rows("customfields", "customfield") ?? []).compactMap(CustomField.init)
        self.init(
            id: id, name: row["name"]?.stringOrNumber ?? "", type: row["type"]?.stringOrNumber?.lowercased() ?? "",
            payType: payType,
            prices: (row["pricing"]?.object ?? [:]).mapValues { Product.prices($0, isOneTime: payType == "onetime") },
            customFields: fields,
            configOptions: (row.rows("configoptions", "configoption") ?? []).compactMap(ConfigOption.init))
    }

    private static func prices(_ row: JSON, isOneTime: Bool) -> [BillingCycle: String] {
        // The price of a one-time product is under `monthly`.
        guard !isOneTime else { return price(row["monthly"]).map { [.onetime: $0] } ?? [:] }
        return Dictionary(
            recurring.compactMap { cycle in price(row[cycle.rawValue]).map { (cycle, $0) } },
            uniquingKeysWith: { $1 })
    }

    private static let recurring: [BillingCycle] = [
        .monthly, .quarterly, .semiannually, .annually, .biennially, .triennially,
    ]

    /// `-1.00` means that the cycle is disabled.
    private static func price(_ price: JSON?) -> String? {
        guard let text = price?.stringOrNumber, let number = Double(text), number >= 0 else { return nil }
        return text
    }
}

extension Product.CustomField {
    fileprivate init?(_ row: JSON) {
        guard let id = row["id"]?.id, let name = row["name"]?.stringOrNumber else { return nil }
        self.init(id: id, name: name, isRequired: row["required"].isSet)
    }
}

extension JSON? {
    /// Whether a setting is on, which WHMCS writes as `on`, `1` or true.
    var isSet: Bool {
        switch self {
        case .bool(let flag): flag
        case .string, .number: !["", "0", "off"].contains(self?.stringOrNumber?.lowercased())
        default: false
        }
    }
}
