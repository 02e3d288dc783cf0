import Basics
import JSON

/// The content of an AddOrder request.
public struct Cart: Sendable, Equatable {
    /// One service. There is no quantity, which WHMCS before 8.12 silently ignores: n services are n lines.
    public struct Line: Sendable, Equatable {
        public var productId: Int
        public var cycle: BillingCycle
        /// Custom field id → value.
        public var customFields: [Int: String]
        /// The recurring price, a decimal number, instead of the product's own.
        public var priceOverride: String?
        public var domain: String?
        /// Of a server.
        public var hostname: String?
        /// Configurable option id → option id, quantity, or 1 and 0.
        public var configOptions: [Int: String]

        public init(
            productId: Int, cycle: BillingCycle, customFields: [Int: String] = [:], priceOverride: String? = nil,
            domain: String? = nil, hostname: String? = nil, configOptions: [Int: String] = [:]
        ) {
            self.productId = productId
            self.cycle = cycle
            self.customFields = customFields
            self.priceOverride = priceOverride
            self.domain = domain
            self.hostname = hostname
            self.configOptions = configOptions
        }
    }

    public var clientId: Int
    /// The gateway's system name, `banktransfer`.
    public var paymentMethod: String
    public var lines: [Line]
    public var notes: String
    public var createsInvoice: Bool
    /// The order confirmation, to the client.
    public var sendsConfirmation: Bool

    public init(
        clientId: Int, paymentMethod: String, lines: [Line], notes: String, createsInvoice: Bool = true,
        sendsConfirmation: Bool = true
    ) {
        self.clientId = clientId
        self.paymentMethod = paymentMethod
        self.lines = lines
        self.notes = notes
        self.createsInvoice = createsInvoice
        self.sendsConfirmation = sendsConfirmation
    }
}

/// AddOrder's answer.
public struct AddedOrder: Sendable, Equatable {
    public var id: Int
    /// As far as WHMCS names them, in an order that the vendor does not document.
    public var serviceIDs: [Int]
}

extension WHMCSClient {
    /// Creates a pending order. Sent once: a failure with `outcomeUnknown` may have created it all the same.
    public func addOrder(_ cart: Cart) throws(WHMCSFailure) -> AddedOrder {
        let answer = try call("AddOrder", cart.form, .write)
        guard let id = answer["orderid"]?.id else {
            throw .unreadable(action: "AddOrder", "no order id", mayHaveHappened: true)
        }
        // `productids` before version 8.
        let services = (answer["serviceids"] ?? answer["productids"])?.stringOrNumber ?? ""
        return AddedOrder(id: id, serviceIDs: services.split(separator: ",").compactMap { Int($0.trimmed) })
    }
}

extension Cart {
    /// Every name has its line's index: `pid[]` would shift parameters that only some lines have.
    var form: WHMCSClient.Form {
        var form: WHMCSClient.Form = [
            ("clientid", String(clientId)), ("paymentmethod", paymentMethod),
            // The vendor's page "AddOrder" does not list `notes`, but WHMCS takes it.
            ("notes", notes),
        ]
        // Left out when off: to PHP the text `false` is true.
        if !createsInvoice { form.append(("noinvoice", "1")) }
        if !sendsConfirmation { form.append(("noemail", "1")) }
        return form + lines.enumerated().flatMap { index, line in line.form(index) }
    }
}

extension Cart.Line {
    fileprivate func form(_ index: Int) -> WHMCSClient.Form {
        var form: WHMCSClient.Form = [("pid[\(index)]", String(productId)), ("billingcycle[\(index)]", cycle.rawValue)]
        if !customFields.isEmpty { form.append(("customfields[\(index)]", PHPSerialized.base64(customFields))) }
        if !configOptions.isEmpty { form.append(("configoptions[\(index)]", PHPSerialized.base64(configOptions))) }
        if let priceOverride { form.append(("priceoverride[\(index)]", priceOverride)) }
        if let domain { form.append(("domain[\(index)]", domain)) }
        if let hostname { form.append(("hostname[\(index)]", hostname)) }
        return form
    }
}
