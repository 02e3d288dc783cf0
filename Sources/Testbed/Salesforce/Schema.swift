/// The part of an org's schema that provisioning uses.
enum Schema {
    enum Kind: Equatable {
        case id
        case text(length: Int)
        case number
        case datetime
        case boolean
        case picklist([String])
        case restrictedPicklist([String])
        /// The id of a record of `type`. `relationship` is its name in a SOQL path.
        case reference(relationship: String, type: String)
    }

    struct Field: Equatable {
        var name: String
        var kind: Kind
        var readOnly = false
        /// Whether only an org with several currencies has it.
        var isOfCurrencies = false
    }

    static let objects: [String: [Field]] = [
        "Order": system + [
            Field(name: "OrderNumber", kind: .text(length: 30), readOnly: true),
            Field(name: "Status", kind: .picklist(["Draft", "Pending Review", "Approved", "Activated"])),
            Field(name: "AccountId", kind: .reference(relationship: "Account", type: "Account")),
            Field(name: "Pricebook2Id", kind: .text(length: 18)),
            Field(name: "EffectiveDate", kind: .text(length: 10)),
            Field(name: "TotalAmount", kind: .number, readOnly: true),
            Field(name: "CurrencyIsoCode", kind: .picklist(["EUR", "USD"]), isOfCurrencies: true),
            Field(
                name: "Provisioning_Status__c", kind: .restrictedPicklist(["Activating", "Provisioned", "Failed"])),
            Field(name: "Provisioning_Error_Code__c", kind: .text(length: 255)),
            Field(name: "Provisioning_Error_Message__c", kind: .text(length: 255)),
            Field(name: "Provisioning_Report__c", kind: .text(length: 32_768)),
            Field(name: "WHMCS_Order_ID__c", kind: .text(length: 255)),
            Field(name: "Last_Provisioning_At__c", kind: .datetime),
        ],
        "OrderItem": system + [
            Field(name: "OrderId", kind: .reference(relationship: "Order", type: "Order"), readOnly: true),
            Field(
                name: "PricebookEntryId",
                kind: .reference(relationship: "PricebookEntry", type: "PricebookEntry"), readOnly: true),
            Field(name: "Product2Id", kind: .reference(relationship: "Product2", type: "Product2"), readOnly: true),
            Field(name: "OrderItemNumber", kind: .text(length: 30), readOnly: true),
            Field(name: "Quantity", kind: .number),
            Field(name: "UnitPrice", kind: .number),
            Field(name: "Billing_Cycle__c", kind: .text(length: 255)),
            Field(name: "WHMCS_Service_ID__c", kind: .text(length: 255)),
            Field(name: "Domain__c", kind: .text(length: 255)),
            Field(name: "Hostname__c", kind: .text(length: 255)),
            Field(name: "Config_Options__c", kind: .text(length: 32_768)),
            Field(name: "Custom_Fields__c", kind: .text(length: 32_768)),
        ],
        "PricebookEntry": system + [
            Field(name: "Product2Id", kind: .reference(relationship: "Product2", type: "Product2")),
            Field(name: "Pricebook2Id", kind: .text(length: 18), readOnly: true),
            Field(name: "UnitPrice", kind: .number),
            Field(name: "IsActive", kind: .boolean),
            Field(name: "CurrencyIsoCode", kind: .picklist(["EUR", "USD"]), isOfCurrencies: true),
        ],
        "Product2": system + [
            Field(name: "Name", kind: .text(length: 255)),
            Field(name: "ProductCode", kind: .text(length: 255)),
            Field(name: "StockKeepingUnit", kind: .text(length: 180)),
            Field(name: "IsActive", kind: .boolean),
            Field(name: "Billing_Cycle__c", kind: .picklist(["Monthly", "Annual", "Onetime"])),
            Field(name: "Item_Class__c", kind: .picklist(["Service", "Installation", "Add-on", "Activation"])),
            Field(name: "WH_Product_ID__c", kind: .number),
            Field(name: "WH_Product_Name__c", kind: .text(length: 255)),
        ],
        "Account": system + [
            Field(name: "Name", kind: .text(length: 255)),
            Field(name: "SF_Account_No__c", kind: .text(length: 255)),
            Field(name: "WH_Account__c", kind: .text(length: 255)),
        ],
    ]

    private static let system = [
        Field(name: "Id", kind: .id, readOnly: true),
        Field(name: "CreatedDate", kind: .datetime, readOnly: true),
        Field(name: "LastModifiedDate", kind: .datetime, readOnly: true),
    ]

    /// Field names are case-insensitive.
    static func field(_ name: String, of type: String) -> Field? {
        fields[type]?[name.lowercased()]
    }

    /// Type → name in lower case → field.
    private static let fields = objects.mapValues { fields in
        Dictionary(fields.map { ($0.name.lowercased(), $0) }) { $1 }
    }

    /// The field of a relationship in a SOQL path: AccountId for `Account`.
    static func relationship(_ name: String, of type: String) -> (field: Field, type: String, name: String)? {
        for field in objects[type] ?? [] {
            if case .reference(let relationship, let target) = field.kind,
                relationship.lowercased() == name.lowercased()
            {
                return (field, target, relationship)
            }
        }
        return nil
    }

    /// The child type of a relationship with a plural name.
    static func children(_ name: String, of type: String) -> String? {
        type == "Order" && name.lowercased() == "orderitems" ? "OrderItem" : nil
    }

    static func typeName(_ name: String) -> String? {
        objects.keys.first { $0.lowercased() == name.lowercased() }
    }
}
