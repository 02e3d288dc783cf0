import JSON

/// An order as Salesforce has it: nothing is interpreted yet.
public struct SalesforceOrder: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public var id: RecordID
        public var productId: RecordID?
        public var productName: String?
        public var productCode: String?
        /// `185` also where Salesforce has the number 185.0.
        public var whmcsProductId: String?
        public var billingCycle: String?
        public var quantity: Double?
        /// A decimal number.
        public var unitPrice: String?
        public var serviceId: String?
    }

    public var id: RecordID
    public var number: String?
    public var status: String?
    public var pricebookId: RecordID?
    public var accountId: RecordID?
    /// What the account says of its WHMCS client: `#1234 - Customer Name`.
    public var clientReference: String?
    public var whmcsOrderId: String?
    /// By id, so that every reading has them in the same order.
    public var items: [Item]
}

extension SalesforceClient {
    /// Nil when there is no such order, or the integration user may not see it: Salesforce does not tell which.
    public func order(_ id: RecordID, _ fields: Fields) throws(SalesforceFailure) -> SalesforceOrder? {
        let doing = "reading the order"
        guard let record = try query(soql(id, fields), doing: doing).first else { return nil }
        guard record["Id"]?.stringOrNumber.flatMap({ RecordID($0) }) == id else { throw .unreadable(doing: doing) }
        // Null instead of an empty list when there are none.
        let page = record[path: "OrderItems"]
        let rows = try page.map { page throws(SalesforceFailure) in try records(from: page, doing) } ?? []
        let items = rows.compactMap { SalesforceOrder.Item($0, fields) }
        guard items.count == rows.count else { throw .unreadable(doing: doing) }
        return SalesforceOrder(id, record, fields, items.sorted { $0.id.text < $1.id.text })
    }

    private func soql(_ id: RecordID, _ fields: Fields) -> String {
        let item = list([
            "Id", "Product2Id", "Product2.Name", "Product2.ProductCode", fields.productPath, fields.billingCyclePath,
            "Quantity", "UnitPrice", fields.serviceId,
        ])
        let order = list([
            "Id", "OrderNumber", "Status", "Pricebook2Id", "AccountId", fields.clientPath, fields.whmcsOrderId,
        ])
        return "SELECT \(order), (SELECT \(item) FROM OrderItems) FROM Order WHERE Id = '\(id)'"
    }

    /// Salesforce refuses a field that is named twice, as a setting may do.
    private func list(_ names: [String]) -> String {
        var seen: Set<String> = []
        return names.filter { seen.insert($0.lowercased()).inserted }.joined(separator: ", ")
    }
}

extension SalesforceOrder {
    fileprivate init(_ id: RecordID, _ record: JSON, _ fields: Fields, _ items: [Item]) {
        self.id = id
        self.items = items
        number = record["OrderNumber"]?.stringOrNumber
        status = record["Status"]?.stringOrNumber
        pricebookId = record["Pricebook2Id"]?.stringOrNumber.flatMap { RecordID($0) }
        accountId = record["AccountId"]?.stringOrNumber.flatMap { RecordID($0) }
        clientReference = record[path: fields.clientPath]?.stringOrNumber
        whmcsOrderId = record[path: fields.whmcsOrderId]?.stringOrNumber
    }
}

extension SalesforceOrder.Item {
    fileprivate init?(_ record: JSON, _ fields: Fields) {
        guard let id = record["Id"]?.stringOrNumber.flatMap({ RecordID($0) }) else { return nil }
        self.id = id
        productId = record["Product2Id"]?.stringOrNumber.flatMap { RecordID($0) }
        productName = record[path: "Product2.Name"]?.stringOrNumber
        productCode = record[path: "Product2.ProductCode"]?.stringOrNumber
        whmcsProductId = record[path: fields.productPath]?.stringOrNumber
        billingCycle = record[path: fields.billingCyclePath]?.stringOrNumber
        quantity = record["Quantity"]?.stringOrNumber.flatMap { Double($0) }
        unitPrice = record["UnitPrice"]?.stringOrNumber
        serviceId = record[path: fields.serviceId]?.stringOrNumber
    }
}
