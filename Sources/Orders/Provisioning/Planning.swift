import Salesforce
import WHMCS

/// The steps before the plan: what Salesforce orders, whether it may be provisioned, and what it is in WHMCS.
extension ProvisioningRun {
    /// Reads the order, and checks what can be checked without WHMCS.
    func validate() throws -> SalesforceOrder {
        guard let source = try salesforce.order(order.id, settings.fields) else {
            throw ProvisioningFailure(
                .orderNotFound, "Salesforce has no such order, or the integration user may not see it")
        }
        let status = source.status ?? "none"
        guard settings.provisionableStatuses.contains(status) else {
            throw ProvisioningFailure(
                .orderNotProvisionable, "orders with the status \(status) are not provisioned")
        }
        guard settings.pricebookID == nil || settings.pricebookID == source.pricebookId else {
            throw ProvisioningFailure(.orderNotProvisionable, "the order's price book is not the portal's")
        }
        guard !source.items.isEmpty else { throw ProvisioningFailure(.orderNotProvisionable, "the order has no lines") }
        // Salesforce names a WHMCS order that the ledger does not know: another program or a person created it. The id of a
        // cancelled one may have landed late.
        if let known = source.whmcsOrderId, !known.isEmpty, order.whmcsOrderID == nil, order.addOrder == .none,
            Int(known) != order.cancelledWHMCSOrderID
        {
            throw ProvisioningFailure(
                .orderNotProvisionable,
                "\(settings.fields.whmcsOrderId) already names WHMCS order \(known); clear the field to create another")
        }
        return source
    }

    /// Reads what WHMCS knows of the client and the products, and checks that the client may order.
    func readDetails(_ source: SalesforceOrder) throws -> Mapping {
        guard let reference = source.clientReference, let id = clientID(reference) else {
            throw ProvisioningFailure(
                .clientNotLinked,
                "the account's \(settings.fields.client) does not name a WHMCS client like \"#1234 - Name\"")
        }
        let whmcs = try whmcs()
        guard let client = try whmcs.clientDetails(id) else {
            throw ProvisioningFailure(.clientNotLinked, "WHMCS does not know client \(id), which the account names")
        }
        guard !client.isClosed else {
            throw ProvisioningFailure(.clientClosed, "WHMCS client \(id) is closed")
        }
        if settings.requiresPayMethod, try !whmcs.hasPayMethod(clientId: id) {
            throw ProvisioningFailure(
                .paymentMethodMissing,
                "WHMCS client \(id) has no pay method; request again when the customer has added one")
        }
        let products = try whmcs.products(Set(source.items.compactMap(Mapping.productID)))
        return Mapping(
            client: client, products: products, markerField: settings.markerField,
            usesSalesforcePrices: settings.usesSalesforcePrices)
    }
}
