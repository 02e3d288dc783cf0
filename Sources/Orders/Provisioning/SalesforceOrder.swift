import Salesforce

/// What planning has to know of an order in Salesforce; nothing is interpreted yet.
struct SalesforceOrder: Sendable, Equatable {
    struct Item: Sendable, Equatable {
        var id: RecordID
        var productName: String?
        var whmcsProductId: String?
        var billingCycle: String?
        var quantity: Double?
        /// A decimal number.
        var unitPrice: String?
        var domain: String?
        var hostname: String?
        /// JSON: option id → value.
        var configOptions: String?
        /// JSON: field id → value.
        var customFields: String?
    }

    var status: String?
    var pricebookId: RecordID?
    /// What the account says of its WHMCS client: `#1234 - Customer Name`.
    var clientReference: String?
    var customerNo: String?
    /// ISO 4217; nil when it is not read.
    var currency: String?
    var whmcsOrderId: String?
    var items: [Item]
}

extension SalesforceClient {
    /// Nil when there is no such order, or the integration user may not see it: Salesforce does not say which.
    func order(_ id: RecordID, _ fields: SalesforceFields) throws(SalesforceFailure) -> SalesforceOrder? {
        let optional = [fields.customerNoPath, fields.currency]
        let optionalOfItem = [
            fields.domainPath, fields.hostnamePath, fields.configOptionsPath, fields.customFieldsPath,
        ]
        let records = try order(
            id,
            selecting: ["Status", "Pricebook2Id", fields.clientPath, fields.whmcsOrderId]
                + optional.compactMap(\.self),
            itemsSelecting: [
                "Product2.Name", fields.productPath, fields.billingCyclePath, "Quantity", "UnitPrice",
                // Only written. A field that does not exist is refused here, before anything is ordered.
                fields.serviceId,
            ] + optionalOfItem.compactMap(\.self))
        return records.map { SalesforceOrder($0.order, $0.items, fields) }
    }
}

extension SalesforceOrder {
    fileprivate init(_ order: SalesforceRecord, _ items: [SalesforceRecord], _ fields: SalesforceFields) {
        status = order["Status"]
        pricebookId = order["Pricebook2Id"].flatMap { RecordID($0) }
        clientReference = order[fields.clientPath]
        customerNo = fields.customerNoPath.flatMap { order[$0] }
        currency = fields.currency.flatMap { order[$0] }
        whmcsOrderId = order[fields.whmcsOrderId]
        self.items = items.map { item in
            Item(
                id: item.id, productName: item["Product2.Name"], whmcsProductId: item[fields.productPath],
                billingCycle: item[fields.billingCyclePath], quantity: item["Quantity"].flatMap(Double.init),
                unitPrice: item["UnitPrice"], domain: fields.domainPath.flatMap { item[$0] },
                hostname: fields.hostnamePath.flatMap { item[$0] },
                configOptions: fields.configOptionsPath.map { item[$0] ?? "" },
                customFields: fields.customFieldsPath.map { item[$0] ?? "" })
        }
    }
}
