import Basics
import HTTP
import Salesforce
import WHMCS

/// The way from an order in Salesforce to a plan: reads what both sides know of it, and checks it. A run stops at the
/// first fault, and a preview collects them all: `report` throws, or returns.
struct Planner {
    typealias Report = (any Error) throws -> Void

    let settings: ProvisioningSettings
    let salesforce: SalesforceClient
    let whmcs: () throws -> WHMCSClient
    let http: HTTPClient

    /// Reads the order, and checks what can be checked without WHMCS.
    ///
    /// - Parameter known: what the ledger knows of the order; nil when that is nothing.
    func order(_ id: RecordID, known: LedgerOrder?, _ report: Report) throws -> SalesforceOrder {
        guard let source = try salesforce.order(id, settings.fields) else {
            throw ProvisioningFailure(
                .orderNotFound, "Salesforce has no such order, or the integration user may not see it")
        }
        for fault in faults(of: source, known) { try report(fault) }
        return source
    }

    private func faults(of source: SalesforceOrder, _ known: LedgerOrder?) -> [ProvisioningFailure] {
        var faults: [String] = []
        let status = source.status ?? "none"
        if !settings.provisionableStatuses.contains(status) {
            faults.append("orders with the status \(status) are not provisioned")
        }
        if settings.pricebookID != nil, settings.pricebookID != source.pricebookId {
            faults.append("the order's price book is not the portal's")
        }
        if source.items.isEmpty { faults.append("the order has no lines") }
        if let named = source.whmcsOrderId, !named.isEmpty, !isOurs(named, known) {
            faults.append(
                "\(settings.fields.whmcsOrderId) already names WHMCS order \(named); clear the field to create another")
        }
        return faults.map { ProvisioningFailure(.orderNotProvisionable, $0) }
    }

    /// Otherwise another program or a person created the WHMCS order that Salesforce names. The id of a cancelled one may have
    /// landed late.
    private func isOurs(_ whmcsOrder: String, _ known: LedgerOrder?) -> Bool {
        guard let known else { return false }
        let isKnown = known.whmcsOrderID != nil || known.addOrder != LedgerOrder.AddOrder.none
        return isKnown || known.cancelledWHMCSOrderID.map { Int(whmcsOrder) == $0 } ?? false
    }

    /// Reads what WHMCS knows of the client and the products, and checks that the client may order.
    func mapping(of source: SalesforceOrder, _ report: Report) throws -> Mapping {
        var mapping = Mapping(
            markerField: settings.markerField, usesSalesforcePrices: settings.usesSalesforcePrices,
            currency: source.currency ?? settings.currency)
        let (client, products) = http.together(
            { try self.client(of: source) },
            { try whmcs().products(Set(source.items.compactMap(Mapping.productID))) })
        do {
            let (client, hasPayMethod) = try client.get()
            mapping.client = client
            for fault in faults(of: client, source) { try report(fault) }
            mapping.paymentMethod = settings.paymentMethod ?? client.defaultGateway
            if try !hasPayMethod.get() {
                throw ProvisioningFailure(
                    .paymentMethodMissing,
                    "WHMCS client \(client.id) has no pay method; request again when the customer has added one")
            }
        } catch {
            try report(error)
        }
        do {
            mapping.products = try products.get()
        } catch {
            try report(error)
        }
        return mapping
    }

    /// The client, and whether it can pay, where that counts.
    private func client(of source: SalesforceOrder) throws -> (ClientDetails, hasPayMethod: Result<Bool, any Error>) {
        guard let reference = source.clientReference, let id = clientID(reference) else {
            throw ProvisioningFailure(
                .clientNotLinked,
                "the account's \(settings.fields.client) does not name a WHMCS client like \"#1234 - Name\"")
        }
        let whmcs = try whmcs()
        let (client, hasPayMethod) = http.together(
            { try whmcs.clientDetails(id) }, { try !settings.requiresPayMethod || whmcs.hasPayMethod(clientId: id) })
        guard let client = try client.get() else {
            throw ProvisioningFailure(.clientNotLinked, "WHMCS does not know client \(id), which the account names")
        }
        return (client, hasPayMethod)
    }

    private func faults(of client: ClientDetails, _ source: SalesforceOrder) -> [ProvisioningFailure] {
        var faults: [ProvisioningFailure] = []
        if let field = settings.customerNoField, let fault = customerNoFault(client, field, source) {
            faults.append(fault)
        }
        if client.isClosed { faults.append(ProvisioningFailure(.clientClosed, "WHMCS client \(client.id) is closed")) }
        if settings.paymentMethod == nil, client.defaultGateway == nil {
            faults.append(
                ProvisioningFailure(
                    .paymentMethodMissing,
                    "WHMCS client \(client.id) has no payment method of its own; choose one in its profile, and request"
                        + " again"))
        }
        return faults
    }

    /// Why the account and the client may not be the same customer; nil when their numbers agree. The numbers themselves
    /// are personal data.
    private func customerNoFault(
        _ client: ClientDetails, _ field: Int, _ source: SalesforceOrder
    ) -> ProvisioningFailure? {
        guard let fields = client.customFields else {
            return ProvisioningFailure(
                WHMCSFailure.unreadable(
                    action: "GetClientsDetails", "no list of custom fields", mayHaveHappened: false))
        }
        let ours = "the account's \(settings.fields.customerNo ?? "customer number")"
        let theirs = "custom field \(field) of WHMCS client \(client.id)"
        guard let number = source.customerNo?.trimmed, !number.isEmpty else {
            return ProvisioningFailure(.clientMismatch, "\(ours) is empty, and must equal \(theirs)")
        }
        guard let other = fields[field]?.trimmed, !other.isEmpty else {
            return ProvisioningFailure(.clientMismatch, "\(theirs) is empty, and must equal \(ours)")
        }
        return number == other ? nil : ProvisioningFailure(.clientMismatch, "\(ours) and \(theirs) differ")
    }
}

/// The WHMCS client that an account names: `#1234 - Customer Name`, or the bare number. Nil when it names none.
func clientID(_ reference: String) -> Int? {
    let text = reference.trimmed
    let afterSign = text.first == "#" ? text.dropFirst() : text
    let digits = afterSign.prefix { $0.isASCII && $0.isNumber }
    let rest = afterSign.dropFirst(digits.count).trimmed
    guard rest.isEmpty || rest.first == "-" || rest.first == "–" else { return nil }
    return Int(digits).flatMap { $0 > 0 ? $0 : nil }
}
