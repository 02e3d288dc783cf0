import Testing

@testable import Orders
@testable import Salesforce
@testable import WHMCS

@Suite struct ClientIDTests {
    @Test(
        "The client id is read from the account's reference",
        arguments: [
            ("#1234 - Customer Name", 1234), ("#1234 – Customer Name", 1234), ("#1234", 1234), ("1234", 1234),
            ("  #1234-x", 1234), ("1234 - 5678", 1234), ("#0012 - x", 12),
            ("", nil), ("#", nil), ("#0 - Nobody", nil), ("-1", nil), ("#12 34", nil), ("#1234 Customer", nil),
            ("1234.0", nil), ("# 1234", nil), ("##1234", nil), ("Customer #1234", nil), ("#٣ - x", nil),
            ("#99999999999999999999 - x", nil),
        ] as [(String, Int?)])
    func clientReference(_ reference: String, _ id: Int?) {
        #expect(clientID(reference) == id)
    }
}

@Suite struct MappingTests {
    static let ids = ["802Dn0000000001", "802Dn0000000002", "802Dn0000000003"].compactMap { RecordID($0) }

    static let hosting = WHMCS.Product(
        id: 185, payType: "recurring",
        prices: ["EUR": [.monthly: "9.90", .annually: "99.00"], "USD": [.monthly: "11.00"]],
        customFields: [.init(id: 401, name: "Salesforce Order")])
    static let setup = WHMCS.Product(id: 186, payType: "onetime", prices: ["EUR": [.onetime: "49.00"]])

    static func mapping(currency: String = "EUR", markerField: String? = nil, usesSalesforcePrices: Bool = false)
        -> Mapping
    {
        Mapping(
            client: ClientDetails(id: 1234, status: "Active", currencyCode: currency),
            products: [185: hosting, 186: setup], paymentMethod: "mailin", markerField: markerField,
            usesSalesforcePrices: usesSalesforcePrices, currency: "eur")
    }

    static func item(
        _ index: Int = 0, name: String? = "Hosting", product: String? = "185", cycle: String? = "Monthly",
        quantity: Double? = 1, price: String? = "9.9"
    ) -> SalesforceOrder.Item {
        .init(
            id: ids[index], productName: name, whmcsProductId: product, billingCycle: cycle, quantity: quantity,
            unitPrice: price)
    }

    @Test(
        "A line becomes an item of the plan",
        arguments: [
            (item(), 185, .monthly, 1),
            (item(product: "185.0"), 185, .monthly, 1),
            (item(cycle: "Annual"), 185, .annually, 1),
            (item(cycle: "ANNUALLY"), 185, .annually, 1),
            (item(product: "186", cycle: "One-Time"), 186, .onetime, 1),
            (item(product: "186", cycle: "Onetime", quantity: 3), 186, .onetime, 3),
            (item(quantity: 140), 185, .monthly, 140),
            // A missing price is no fault where WHMCS's own price counts.
            (item(price: nil), 185, .monthly, 1),
        ] as [(SalesforceOrder.Item, Int, WHMCS.BillingCycle, Int)])
    func line(_ item: SalesforceOrder.Item, _ product: Int, _ cycle: WHMCS.BillingCycle, _ quantity: Int) throws {
        let plan = try Self.mapping().plan([item])
        #expect(
            plan
                == Plan(
                    clientID: 1234,
                    items: [
                        .init(orderItemID: item.id, productID: product, cycle: cycle, quantity: quantity)
                    ], paymentMethod: "mailin", currency: "EUR"))
    }

    @Test(
        "A fault is reported by line",
        arguments: [
            (item(product: nil), "it has no WHMCS product id"),
            (item(product: ""), "\"\" is not a WHMCS product id"),
            (item(product: "hosting"), "\"hosting\" is not a WHMCS product id"),
            (
                item(product: "domain:register"),
                "registering and transferring domains as lines of their own is not supported"
            ),
            (
                item(product: "Domain transfer"),
                "registering and transferring domains as lines of their own is not supported"
            ),
            (item(product: "185.5"), "\"185.5\" is not a WHMCS product id"),
            (item(product: "0"), "\"0\" is not a WHMCS product id"),
            (item(product: "-185"), "\"-185\" is not a WHMCS product id"),
            (item(product: "nan"), "\"nan\" is not a WHMCS product id"),
            (item(product: "1e300"), "\"1e300\" is not a WHMCS product id"),
            (item(product: "0xB9"), "\"0xB9\" is not a WHMCS product id"),
            (item(product: "999"), "WHMCS has no product 999"),
            (item(cycle: nil), "it has no billing cycle"),
            (item(cycle: "Fortnightly"), "\"Fortnightly\" is not a WHMCS billing cycle"),
            (item(cycle: "Quarterly"), "WHMCS does not sell product 185 quarterly in EUR"),
            (item(cycle: "Onetime"), "WHMCS does not sell product 185 onetime in EUR"),
            (item(quantity: nil), "its quantity is not a whole number of 1 or more"),
            (item(quantity: 0), "its quantity is not a whole number of 1 or more"),
            (item(quantity: -1), "its quantity is not a whole number of 1 or more"),
            (item(quantity: 1.5), "its quantity is not a whole number of 1 or more"),
            (item(quantity: 1e300), "its quantity is not a whole number of 1 or more"),
            (item(quantity: .nan), "its quantity is not a whole number of 1 or more"),
        ] as [(SalesforceOrder.Item, String)])
    func fault(_ item: SalesforceOrder.Item, _ fault: String) {
        #expect(throws: ProvisioningFailure(.mappingFailed, "line 1 (Hosting): \(fault)")) {
            try Self.mapping().plan([item])
        }
    }

    @Test("A product without a price in the client's currency is refused") func currencyWithoutPrice() {
        #expect(
            throws: ProvisioningFailure(
                .mappingFailed, "line 1 (Hosting): WHMCS does not sell product 185 monthly in GBP")
        ) { try Self.mapping(currency: "GBP").plan([Self.item()]) }
    }

    @Test(
        "Salesforce's prices must be in the client's currency",
        arguments: [
            ("EUR", nil), ("eUr", nil),
            ("USD", "the order's prices are in USD, and WHMCS client 1234 pays in EUR"),
            (nil, "the order has no currency, and WHMCS client 1234 pays in EUR"),
        ] as [(String?, String?)])
    func currency(_ currency: String?, _ fault: String?) throws {
        var mapping = Self.mapping(usesSalesforcePrices: true)
        mapping.currency = currency
        if let fault {
            #expect(throws: ProvisioningFailure(.mappingFailed, fault)) { try mapping.plan([Self.item()]) }
        } else {
            #expect(try mapping.plan([Self.item()]).items.count == 1)
        }
        mapping.usesSalesforcePrices = false
        #expect(try mapping.plan([Self.item()]).items.count == 1, "WHMCS's own prices count")
    }

    @Test("All faults of an order are reported in one error") func allFaults() {
        let items = [
            Self.item(0, name: "A", product: nil, cycle: "Fortnightly", quantity: 0, price: nil), Self.item(1),
            Self.item(2, name: nil, product: "999", price: "-1"),
        ]
        let faults =
            "line 1 (A): it has no WHMCS product id, \"Fortnightly\" is not a WHMCS billing cycle, "
            + "its quantity is not a whole number of 1 or more, it has no price; "
            + "line 3 (\(Self.ids[2])): WHMCS has no product 999, it has no price"
        #expect(throws: ProvisioningFailure(.mappingFailed, faults)) {
            try Self.mapping(usesSalesforcePrices: true).plan(items)
        }
    }

    /// PHP drops form fields beyond its limit silently, and WHMCS would create a part of the order.
    @Test(
        "An order with more than 140 units is refused",
        arguments: [([500.0], 500), ([140, 1], 141), ([47, 47, 47], 141)] as [([Double], Int)])
    func tooManyUnits(_ quantities: [Double], _ units: Int) {
        let items = quantities.enumerated().map { Self.item($0.offset, quantity: $0.element) }
        #expect(
            throws: ProvisioningFailure(
                .mappingFailed, "the order has \(units) units; the maximum is 140")
        ) { try Self.mapping().plan(items) }
    }

    /// DynamoDB would refuse the plan in every run.
    @Test("Options and custom fields that the ledger cannot hold are refused") func tooLong() {
        var mapping = Self.mapping()
        mapping.products?[185]?.customFields = [.init(id: 9, name: "Notes")]
        var items = [Self.item(0), Self.item(1)]
        for index in items.indices {
            items[index].customFields = #"{"9":"\#(String(repeating: "x", count: 100_000))"}"#
        }
        #expect(
            throws: ProvisioningFailure(
                .mappingFailed,
                "the units' options and custom fields are too long: together they may have 200,000 bytes")
        ) { try mapping.plan(items) }
        #expect(throws: Never.self) { try mapping.plan([items[0]]) }
    }

    @Test("Quantities whose sum overflows an Int are refused") func overflow() {
        #expect(throws: ProvisioningFailure.self) {
            try Self.mapping().plan([Self.item(0, quantity: 9e18), Self.item(1, quantity: 9e18)])
        }
    }

    @Test(
        "Salesforce's price is planned only when the setting says so",
        arguments: [("9.9", "9.9"), ("0", "0"), ("1200", "1200")] as [(String, String)])
    func price(_ price: String, _ planned: String) throws {
        #expect(try Self.mapping(usesSalesforcePrices: true).plan([Self.item(price: price)]).items[0].price == planned)
        #expect(try Self.mapping().plan([Self.item(price: price)]).items[0].price == nil)
    }

    @Test(
        "A missing or malformed price is refused where Salesforce's price counts",
        arguments: [nil, "", "-0.01", "free", "nan", "inf"] as [String?])
    func malformedPrice(_ price: String?) {
        #expect(throws: ProvisioningFailure(.mappingFailed, "line 1 (Hosting): it has no price")) {
            try Self.mapping(usesSalesforcePrices: true).plan([Self.item(price: price)])
        }
    }

    @Test("An item gets the marker field of its product, if there is one") func markerField() throws {
        let plan = try Self.mapping(markerField: "Salesforce Order").plan([
            Self.item(0), Self.item(1, product: "186", cycle: "Onetime"),
        ])
        #expect(plan.items.map(\.markerField) == [401, nil])
        #expect(try Self.mapping(markerField: "Another").plan([Self.item()]).items[0].markerField == nil)
    }
}
