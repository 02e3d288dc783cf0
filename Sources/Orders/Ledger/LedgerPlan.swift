import JSON
import Salesforce
import WHMCS

extension Plan {
    /// The plan as the ledger's attribute holds it.
    var json: JSON {
        [
            "clientId": .number(clientID),
            "items": .array(
                items.map { item in
                    var members: [String: JSON] = [
                        "orderItemId": .string(item.orderItemID.text), "productId": .number(item.productID),
                        "cycle": .string(item.cycle.rawValue), "quantity": .number(item.quantity),
                    ]
                    members["price"] = item.price.map(JSON.string)
                    members["markerField"] = item.markerField.map { .number($0) }
                    return .object(members)
                }),
        ]
    }

    init?(_ json: JSON) {
        guard let clientID = json["clientId"]?.integer, let rows = json["items"]?.array else { return nil }
        let items = rows.compactMap(Item.init)
        guard items.count == rows.count else { return nil }
        self.init(clientID: clientID, items: items)
    }
}

extension Plan.Item {
    fileprivate init?(_ json: JSON) {
        guard let orderItemID = json["orderItemId"]?.string.flatMap({ RecordID($0) }),
            let productID = json["productId"]?.integer,
            let cycle = json["cycle"]?.string.flatMap(BillingCycle.init(rawValue:)),
            let quantity = json["quantity"]?.integer
        else { return nil }
        self.orderItemID = orderItemID
        self.productID = productID
        self.cycle = cycle
        self.quantity = quantity
        price = json["price"]?.string
        markerField = json["markerField"]?.integer
    }
}
