import JSON
import Salesforce
import WHMCS

/// What is to be ordered in WHMCS for an order of Salesforce. It is made once and kept in the ledger, so that every
/// run of an attempt orders the same.
public struct Plan: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public var orderItemID: RecordID
        public var productID: Int
        public var cycle: BillingCycle
        public var quantity: Int
        /// The recurring price instead of the product's own, a decimal number.
        public var price: String?
        /// The product's custom field that takes the marker.
        public var markerField: Int?
    }

    public var clientID: Int
    public var items: [Item]

    public init(clientID: Int, items: [Item]) {
        self.clientID = clientID
        self.items = items
    }

    /// The product ids of the services that the order makes, one for each unit, in the order of the lines.
    var productIDs: [Int] { items.flatMap { Array(repeating: $0.productID, count: $0.quantity) } }

    func cart(paymentMethod: String, marker: Marker) -> Cart {
        Cart(
            clientId: clientID, paymentMethod: paymentMethod,
            lines: items.flatMap { item in
                Array(
                    repeating: Cart.Line(
                        productId: item.productID, cycle: item.cycle,
                        customFields: item.markerField.map { [$0: marker.value] } ?? [:], priceOverride: item.price),
                    count: item.quantity)
            }, notes: marker.note)
    }
}

/// What tells a WHMCS order that was made for a Salesforce order from all others.
struct Marker: Equatable {
    var value: String
    var note: String { "sfOrderId=\(value)" }

    init(_ id: RecordID) {
        value = id.text
    }

    func isIn(_ notes: String) -> Bool { notes.contains(note) }
}

extension Plan {
    /// The form in the ledger.
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
        self.init(clientID: Int(clientID), items: items)
    }
}

extension Plan.Item {
    fileprivate init?(_ json: JSON) {
        guard let orderItemID = json["orderItemId"]?.stringOrNumber.flatMap({ RecordID($0) }),
            let productID = json["productId"]?.integer,
            let cycle = json["cycle"]?.stringOrNumber.flatMap(BillingCycle.init(rawValue:)),
            let quantity = json["quantity"]?.integer
        else { return nil }
        self.orderItemID = orderItemID
        self.productID = Int(productID)
        self.cycle = cycle
        self.quantity = Int(quantity)
        price = json["price"]?.stringOrNumber
        markerField = json["markerField"]?.integer
    }
}
