import JSON

/// What AddOrder shall order.
public struct Cart: Sendable, Equatable {
    /// One service. There is no quantity: WHMCS before 8.12 ignores it without a word, so n of them are n lines.
    public struct Line: Sendable, Equatable {
        public var productId: Int
        public var cycle: BillingCycle
        /// Custom field id → value.
        public var customFields: [Int: String]
        /// The recurring price, a decimal number, instead of the product's own.
        public var priceOverride: String?

        public init(
            productId: Int, cycle: BillingCycle, customFields: [Int: String] = [:], priceOverride: String? = nil
        ) {
            self.productId = productId
            self.cycle = cycle
            self.customFields = customFields
            self.priceOverride = priceOverride
        }
    }

    public var clientId: Int
    /// The gateway's system name, `banktransfer`.
    public var paymentMethod: String
    public var lines: [Line]
    public var notes: String
    /// Without a bill for the first period.
    public var noInvoice: Bool
    /// Without WHMCS's confirmation to the customer.
    public var noEmail: Bool

    public init(
        clientId: Int, paymentMethod: String, lines: [Line], notes: String, noInvoice: Bool = false,
        noEmail: Bool = false
    ) {
        self.clientId = clientId
        self.paymentMethod = paymentMethod
        self.lines = lines
        self.notes = notes
        self.noInvoice = noInvoice
        self.noEmail = noEmail
    }
}

public struct AddedOrder: Sendable, Equatable {
    public var orderId: Int
    /// In the order WHMCS gives them. That it is the order of the lines is documented nowhere: compare product ids.
    public var serviceIds: [Int]
    public var invoiceId: Int?
}

extension WHMCSClient {
    /// Makes a pending order. Sent once: a failure with `outcomeUnknown` may have made it all the same.
    public func addOrder(_ cart: Cart) throws(WHMCSFailure) -> AddedOrder {
        let answer = try call("AddOrder", cart.form, .write)
        guard let orderId = answer["orderid"]?.id else {
            throw .unreadable(action: "AddOrder", "no order id", mayHaveHappened: true)
        }
        // `productids` is the older name of the same.
        let serviceIds = (answer["serviceids"] ?? answer["productids"])?.stringOrNumber ?? ""
        return AddedOrder(
            orderId: orderId, serviceIds: serviceIds.split(separator: ",").compactMap { JSON.string(String($0)).id },
            invoiceId: answer["invoiceid"]?.id)
    }
}

extension Cart {
    /// Every index is written: `pid[]` would shift what only some lines have.
    var form: WHMCSClient.Form {
        [
            ("clientid", String(clientId)), ("paymentmethod", paymentMethod),
            // `notes` is not among the parameters of the vendor's page "AddOrder", yet WHMCS takes it.
            ("notes", notes), ("noinvoice", flag(noInvoice)), ("noemail", flag(noEmail)),
        ] + lines.enumerated().flatMap { index, line in line.form(index) }
    }

    /// The text `false` is true to PHP.
    private func flag(_ value: Bool) -> String { value ? "1" : "0" }
}

extension Cart.Line {
    fileprivate func form(_ index: Int) -> WHMCSClient.Form {
        var form: WHMCSClient.Form = [("pid[\(index)]", String(productId)), ("billingcycle[\(index)]", cycle.rawValue)]
        if !customFields.isEmpty { form.append(("customfields[\(index)]", PHPSerialized.customFields(customFields))) }
        if let priceOverride { form.append(("priceoverride[\(index)]", priceOverride)) }
        return form
    }
}
