/// The API names of the Salesforce fields that the suite reads and writes: every org has its own.
struct SalesforceFields: Sendable, Equatable {
    // Of the order, written.
    var status = "Provisioning_Status__c"
    var errorCode = "Provisioning_Error_Code__c"
    var errorMessage = "Provisioning_Error_Message__c"
    var whmcsOrderId = "WHMCS_Order_ID__c"
    var lastAttempt = "Last_Provisioning_At__c"

    /// Names the WHMCS client. A field of the account; with a dot in it a path from the order.
    var client = "WH_Account__c"

    /// The customer's number. Where it is, as `client`; nil when nothing is compared with it.
    var customerNo: String?

    /// Of the order, in an org with several currencies; nil when it is not read.
    var currency: String?

    /// Names the WHMCS product. A field of the product; with a dot in it a path from the item, so that the item's own
    /// field is `OrderItem.WH_Product_ID__c`.
    var product = "WH_Product_ID__c"

    /// Where it is, as `product`.
    var billingCycle = "Billing_Cycle__c"

    // Of the item, or with a dot a path from it; nil when it is not read.
    var domain: String?
    var hostname: String?
    var configOptions: String?
    var customFields: String?

    /// Of the item, written.
    var serviceId = "WHMCS_Service_ID__c"
}

extension SalesforceFields {
    var clientPath: String { path(client, of: "Account", from: "Order") }
    var customerNoPath: String? { customerNo.map { path($0, of: "Account", from: "Order") } }
    var productPath: String { path(product, of: "Product2", from: "OrderItem") }
    var billingCyclePath: String { path(billingCycle, of: "Product2", from: "OrderItem") }
    var domainPath: String? { domain.map(itemPath) }
    var hostnamePath: String? { hostname.map(itemPath) }
    var configOptionsPath: String? { configOptions.map(itemPath) }
    var customFieldsPath: String? { customFields.map(itemPath) }

    private func path(_ name: String, of relation: String, from object: String) -> String {
        name.contains(".") ? ownPath(name, from: object) : "\(relation).\(name)"
    }

    private func itemPath(_ name: String) -> String { ownPath(name, from: "OrderItem") }

    private func ownPath(_ name: String, from object: String) -> String {
        name.hasPrefix(object + ".") ? String(name.dropFirst(object.count + 1)) : name
    }
}
