import JSON

/// The initial data of the simulators: six products, four customers and six orders, each with a purpose.
public enum Seed {
    /// Client 1234: product 185 monthly once, product 186 one-time twice.
    public static let order = "801Dn0000014UPaIAM"
    /// Client 1235, which is closed.
    public static let closedClientOrder = "801Dn0000014UPbIAM"
    /// Client 1236, which has no pay method.
    public static let noPayMethodOrder = "801Dn0000014UPcIAM"
    /// Client 1234. Three lines: a product without a WHMCS id, one with the billing cycle `Fortnightly`, and a valid one.
    public static let unmappedOrder = "801Dn0000014UPdIAM"
    /// The account names no WHMCS client.
    public static let notLinkedOrder = "801Dn0000014UPeIAM"
    /// Client 1234: product 185 annually.
    public static let otherOrder = "801Dn0000014UPfIAM"

    /// Accounts of the WHMCS clients 1234, 1235 and 1236, and one without a client.
    public static let account = "001Dn00000AbCd1IAF"
    public static let closedAccount = "001Dn00000AbCd2IAF"
    public static let noPayMethodAccount = "001Dn00000AbCd3IAF"
    public static let notLinkedAccount = "001Dn00000AbCd4IAF"

    /// Product2 ids of the WHMCS products 185, monthly and annually, and 186, one-time.
    public static let hosting = "01tDn0000034Xy1IAE"
    public static let yearlyHosting = "01tDn0000034Xy4IAE"
    public static let setup = "01tDn0000034Xy2IAE"
    /// Product2 ids that cannot be mapped: one has no WHMCS product id, the other (185) a cycle that WHMCS does not have.
    public static let unmappedProduct = "01tDn0000034Xy3IAE"
    public static let fortnightlyHosting = "01tDn0000034Xy5IAE"
    /// Product2 id of the WHMCS product 187, monthly: a server with configurable options.
    public static let server = "01tDn0000034Xy6IAE"
    public static let pricebook = "01sDn000000AbCdIAK"

    /// One line of an order. Its Billing_Cycle__c is the product's, unless `cycle` overrides it.
    public struct Line: Sendable {
        /// Product2 id.
        public var product: String
        public var quantity: Int
        public var cycle: String?
        /// More fields of the OrderItem.
        public var fields: [String: JSON]

        public init(_ product: String, quantity: Int = 1, cycle: String? = nil, fields: [String: JSON] = [:]) {
            self.product = product
            self.quantity = quantity
            self.cycle = cycle
            self.fields = fields
        }
    }

    /// The WHMCS custom field that holds SF_Account_No__c.
    public static let customerNumberField = 198
    /// Custom fields of the products 185 and 186 that hold the Salesforce order id.
    public static let hostingMarkerField = 401
    public static let setupMarkerField = 402
    /// A custom field of the product 187 that an order must have.
    public static let serverNameField = 403
}

extension SalesforceSimulator.State {
    public static var seeded: Self {
        var state = Self()
        let accounts = [
            (Seed.account, "Example Hosting Ltd", 1234), (Seed.closedAccount, "Gone Away GmbH", 1235),
            (Seed.noPayMethodAccount, "Unbanked & Söhne", 1236), (Seed.notLinkedAccount, "Brand New Inc", nil),
        ]
        for (index, (id, name, client)) in accounts.enumerated() {
            state.add(
                "Account", id: id,
                [
                    "Name": .string(name), "SF_Account_No__c": .string("P000\(index + 1)"),
                    "WH_Account__c": client.map { .string("#\($0) - \(name)") } ?? .null,
                ])
        }
        state.addProduct(Seed.hosting, "Web Hosting", whmcsId: 185, cycle: "Monthly", price: 9.9)
        state.addProduct(Seed.setup, "Installation", whmcsId: 186, cycle: "Onetime", price: 49)
        state.addProduct(Seed.unmappedProduct, "Carrier Pigeon", whmcsId: nil, cycle: "Monthly", price: 1)
        state.addProduct(Seed.yearlyHosting, "Web Hosting, yearly", whmcsId: 185, cycle: "Annual", price: 99)
        state.addProduct(Seed.server, "Virtual Server", whmcsId: 187, cycle: "Monthly", price: 30)
        state.addProduct(Seed.fortnightlyHosting, "Web Hosting, lunar", whmcsId: 185, cycle: "Fortnightly", price: 5)

        let good = [Seed.Line(Seed.hosting), Seed.Line(Seed.setup, quantity: 2)]
        let faulty = [
            Seed.Line(Seed.unmappedProduct), Seed.Line(Seed.fortnightlyHosting), Seed.Line(Seed.hosting),
        ]
        state.addOrder(id: Seed.order, account: Seed.account, lines: good)
        state.addOrder(id: Seed.closedClientOrder, account: Seed.closedAccount, lines: good)
        state.addOrder(id: Seed.noPayMethodOrder, account: Seed.noPayMethodAccount, lines: good)
        state.addOrder(id: Seed.unmappedOrder, account: Seed.account, lines: faulty)
        state.addOrder(id: Seed.notLinkedOrder, account: Seed.notLinkedAccount, lines: good)
        state.addOrder(id: Seed.otherOrder, account: Seed.account, lines: [Seed.Line(Seed.yearlyHosting)])
        return state
    }

    /// Adds an approved order with its lines, and returns its 18-character id, a new one when `id` is nil.
    @discardableResult
    public mutating func addOrder(id: String? = nil, account: String, lines: [Seed.Line]) -> String {
        let order = add(
            "Order", id: id,
            [
                "OrderNumber": .string(String(100_000 + nextNumber())), "Status": "Approved",
                "AccountId": .string(account), "Pricebook2Id": .string(Seed.pricebook),
                "EffectiveDate": "2026-11-20",
            ])
        for line in lines {
            let entry = records["PricebookEntry"]?.values.first { $0["Product2Id"] == .string(line.product) }
            add(
                "OrderItem",
                [
                    "OrderId": .string(order), "Product2Id": .string(line.product),
                    "PricebookEntryId": entry?["Id"] ?? .null, "UnitPrice": entry?["UnitPrice"] ?? 0,
                    "Quantity": .number(line.quantity),
                    "Billing_Cycle__c": line.cycle.map(JSON.string)
                        ?? record("Product2", line.product)?["Billing_Cycle__c"] ?? .null,
                ].merging(line.fields) { $1 })
        }
        return order
    }

    private mutating func addProduct(_ id: String, _ name: String, whmcsId: Int?, cycle: String, price: Double) {
        add(
            "Product2", id: id,
            [
                "Name": .string(name), "ProductCode": .string(name.uppercased()), "Billing_Cycle__c": .string(cycle),
                "Item_Class__c": "Service", "WH_Product_ID__c": .number(whmcsId), "IsActive": true,
            ])
        add(
            "PricebookEntry",
            [
                "Product2Id": .string(id), "Pricebook2Id": .string(Seed.pricebook), "UnitPrice": .number(price),
                "IsActive": true,
            ])
    }
}

extension WHMCSSimulator.State {
    public static var seeded: Self {
        var state = Self()
        state.gateways = ["mailin": "Mail In Payment", "stripe": "Credit Card"]
        state.clients = [
            .init(id: 1234, name: "Example Hosting Ltd", customFields: [Seed.customerNumberField: "P0001"]),
            .init(
                id: 1235, name: "Gone Away GmbH", status: "Closed",
                customFields: [Seed.customerNumberField: "P0002"]),
            .init(id: 1236, name: "Unbanked & Söhne", customFields: [Seed.customerNumberField: "P0003"]),
        ]
        state.products = [
            .init(
                pid: 185, name: "Web Hosting", payType: "recurring", prices: ["monthly": "9.90", "annually": "99.00"],
                customFields: [Seed.hostingMarkerField: "Salesforce Order"]),
            .init(
                pid: 186, name: "Installation", payType: "onetime", prices: ["monthly": "49.00"],
                customFields: [Seed.setupMarkerField: "Salesforce Order"]),
            .server,
        ]
        _ = state.addPayMethod(1234, type: "RemoteCreditCard")
        return state
    }
}

extension WHMCSSimulator.Product {
    fileprivate static var server: Self {
        var server = Self(
            pid: 187, name: "Virtual Server", type: "server", payType: "recurring", prices: ["monthly": "30.00"],
            customFields: [Seed.serverNameField: "Display Name"],
            configOptions: [
                .init(id: 71, name: "Memory", kind: .dropdown, options: [711: "4 GB", 712: "8 GB"]),
                .init(id: 72, name: "Addresses", kind: .quantity, options: [721: "Address"], range: 1...8),
                .init(id: 73, name: "Backup", kind: .yesNo, options: [731: "Daily backup"]),
            ])
        server.requiredCustomFields = [Seed.serverNameField]
        return server
    }
}
