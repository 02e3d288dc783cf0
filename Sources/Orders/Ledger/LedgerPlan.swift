import JSON
import Salesforce
import WHMCS

extension Plan {
    /// The plan as the ledger's attribute holds it.
    var json: JSON {
        var members: [String: JSON] = ["clientId": .number(clientID), "items": .array(items.map(\.json))]
        members["paymentMethod"] = paymentMethod.map(JSON.string)
        members["currency"] = currency.map(JSON.string)
        return .object(members)
    }

    init?(_ json: JSON) {
        guard let clientID = json["clientId"]?.integer, let rows = json["items"]?.array else { return nil }
        let items = rows.compactMap(Item.init)
        guard items.count == rows.count else { return nil }
        self.init(
            clientID: clientID, items: items, paymentMethod: json["paymentMethod"]?.string,
            currency: json["currency"]?.string)
    }
}

extension Plan.Item {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "orderItemId": .string(orderItemID.text), "productId": .number(productID),
            "cycle": .string(cycle.rawValue), "quantity": .number(quantity),
        ]
        members["price"] = price.map(JSON.string)
        if mayCostMore { members["mayCostMore"] = true }
        members["markerField"] = markerField.map { .number($0) }
        members["domain"] = domain.map(JSON.string)
        members["hostname"] = hostname.map(JSON.string)
        if !configOptions.isEmpty { members["configOptions"] = object(configOptions) }
        if !customFields.isEmpty { members["customFields"] = object(customFields) }
        return .object(members)
    }

    fileprivate init?(_ json: JSON) {
        guard let orderItemID = json["orderItemId"]?.string.flatMap({ RecordID($0) }),
            let productID = json["productId"]?.integer,
            let cycle = json["cycle"]?.string.flatMap(BillingCycle.init(rawValue:)),
            let quantity = json["quantity"]?.integer,
            let configOptions = values(json["configOptions"]), let customFields = values(json["customFields"])
        else { return nil }
        self.init(
            orderItemID: orderItemID, productID: productID, cycle: cycle, quantity: quantity,
            price: json["price"]?.string, mayCostMore: json["mayCostMore"]?.bool ?? false,
            markerField: json["markerField"]?.integer, domain: json["domain"]?.string,
            hostname: json["hostname"]?.string, configOptions: configOptions, customFields: customFields)
    }
}

/// Values by id, as an object has them.
func object(_ values: [Int: String]) -> JSON {
    .object(Dictionary(values.map { (String($0.key), .string($0.value)) }, uniquingKeysWith: { $1 }))
}

/// None when there is no object; nil when it cannot be read, since an order must not lose an option.
private func values(_ json: JSON?) -> [Int: String]? {
    guard let json else { return [:] }
    guard let members = json.object else { return nil }
    var values: [Int: String] = [:]
    for (key, value) in members {
        guard let id = Int(key), let text = value.string else { return nil }
        values[id] = text
    }
    return values
}
