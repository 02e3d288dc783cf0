import JSON

/// The API names of the fields we read and write: every org has its own.
public struct Fields: Sendable, Equatable {
    // Of the order, written.
    public var status = "Provisioning_Status__c"
    public var errorCode = "Provisioning_Error_Code__c"
    public var errorMessage = "Provisioning_Error_Message__c"
    public var whmcsOrderId = "WHMCS_Order_ID__c"
    public var lastAttempt = "Last_Provisioning_At__c"

    /// Names the WHMCS client. The account's; with a dot in it a path from the order.
    public var client = "WH_Account__c"

    /// The WHMCS product. The product's; with a dot in it a path from the item, so that the item's own field is
    /// `OrderItem.WH_Product_ID__c`.
    public var product = "WH_Product_ID__c"

    /// As `product`.
    public var billingCycle = "Billing_Cycle__c"

    /// Of the item, written.
    public var serviceId = "WHMCS_Service_ID__c"

    public init() {}

    /// Whether that may stand as the name of a field: API names, joined by dots. Nothing else may enter a query.
    public static func isName(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { name in
            (name.utf8.first.map(isLetter) ?? false)
                && name.utf8.allSatisfy { isLetter($0) || $0 == 0x5f || (0x30...0x39).contains($0) }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte & 0xdf) }
}

extension Fields {
    var clientPath: String { path(client, of: "Account", from: "Order") }
    var productPath: String { path(product, of: "Product2", from: "OrderItem") }
    var billingCyclePath: String { path(billingCycle, of: "Product2", from: "OrderItem") }

    private func path(_ name: String, of relation: String, from object: String) -> String {
        guard name.contains(".") else { return "\(relation).\(name)" }
        return name.hasPrefix(object + ".") ? String(name.dropFirst(object.count + 1)) : name
    }
}

extension JSON {
    /// The value at the end of a path like `Product2.Name`; null counts as none. Names without regard to case:
    /// a query takes a name in any case, its answer has the one of the org.
    subscript(path path: String) -> JSON? {
        var value = self
        for name in path.split(separator: ".") {
            guard let next = value[String(name)] ?? value[anyCase: name.lowercased()] else { return nil }
            value = next
        }
        return value == .null ? nil : value
    }

    private subscript(anyCase name: String) -> JSON? {
        object?.first { $0.key.lowercased() == name }?.value
    }
}
