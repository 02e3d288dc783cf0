import Salesforce

/// A field as a setting names it.
struct ConfiguredField {
    /// `SF_FIELD_STATUS`.
    var variable: String
    var object: String
    /// As seen from the object.
    var path: String
    /// The types that take what the suite writes, and the shortest length that does.
    var types: [String] = []
    var length = 0
}

extension ProvisioningSettings {
    private static let text = ["string", "textarea"]

    var writtenFields: [ConfiguredField] {
        func field(_ suffix: String, _ path: String, _ types: [String], _ length: Int = 0) -> ConfiguredField {
            let object = suffix == "SERVICE_ID" ? "OrderItem" : "Order"
            return ConfiguredField(
                variable: "SF_FIELD_\(suffix)", object: object, path: path, types: types, length: length)
        }
        return [
            field("STATUS", fields.status, ["picklist"] + Self.text),
            // The longest code, and the longest id.
            field("ERROR_CODE", fields.errorCode, Self.text + ["picklist"], 23),
            field("ERROR_MESSAGE", fields.errorMessage, Self.text, errorMessageLength),
            field("WHMCS_ORDER_ID", fields.whmcsOrderId, Self.text, 10),
            field("LAST_ATTEMPT", fields.lastAttempt, ["datetime"]),
            field("SERVICE_ID", fields.serviceId, Self.text, FieldValue.textLength),
        ]
    }

    var readFields: [ConfiguredField] {
        let ofOrder = [
            ("SF_FIELD_CLIENT", fields.clientPath), ("SF_FIELD_CUSTOMER_NO", fields.customerNoPath),
            ("WHMCS_PRICE_FROM_SALESFORCE without SF_CURRENCY", fields.currency), ("every order", "Pricebook2Id"),
        ]
        let ofItem = [
            ("SF_FIELD_PRODUCT", fields.productPath), ("SF_FIELD_BILLING_CYCLE", fields.billingCyclePath),
            ("SF_FIELD_DOMAIN", fields.domainPath), ("SF_FIELD_HOSTNAME", fields.hostnamePath),
            ("SF_FIELD_CONFIG_OPTIONS", fields.configOptionsPath), ("SF_FIELD_CUSTOM_FIELDS", fields.customFieldsPath),
            ("every line", "Product2.Name"), ("every line", "Quantity"), ("every line", "UnitPrice"),
        ]
        return configured("Order", ofOrder) + configured("OrderItem", ofItem)
    }

    private func configured(_ object: String, _ fields: [(String, String?)]) -> [ConfiguredField] {
        fields.compactMap { variable, path in
            path.map { ConfiguredField(variable: variable, object: object, path: $0) }
        }
    }
}
