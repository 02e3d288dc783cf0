import Basics
import JSON
import Lambda
import Salesforce

/// What provision-order would do with an order now, and everything that stands in its way. It only reads: the order gets no
/// lease, and neither the ledger nor Salesforce nor WHMCS changes.
struct PlanPreview {
    let ledger: Ledger
    let planner: Planner

    /// The order of an operator's `{"plan": "<order id>"}`; nil for any other event.
    static func orderID(_ event: JSON?) throws(FunctionError) -> RecordID? {
        guard let member = event?["plan"] else { return nil }
        guard let id = member.string.flatMap({ RecordID($0) }) else {
            throw FunctionError("MalformedEvent", "plan in the event must be a Salesforce id")
        }
        return id
    }

    func answer(_ id: RecordID) throws -> JSON {
        let known = try ledger.order(id)
        var faults: [ProvisioningFailure] = []
        let report: Planner.Report = { error in
            guard let failure = ProvisioningFailure(error) else { throw error }
            // Without credentials or an answer every question to a system has the same fault.
            if !faults.contains(failure) { faults.append(failure) }
        }
        var mapping: Mapping?
        var lines: [MappedLine] = []
        do {
            let source = try planner.order(id, known: known, report)
            let found = try planner.mapping(of: source, report)
            lines = found.lines(source.items)
            for fault in found.faults(lines) { try report(ProvisioningFailure(.mappingFailed, fault)) }
            mapping = found
        } catch {
            try report(error)
        }
        return [
            "orderId": .string(id.text),
            "client": mapping?.client.map { ["id": .number($0.id), "currency": .string($0.currencyCode)] } ?? .null,
            "paymentMethod": .string(mapping?.paymentMethod),
            "pricesFrom": planner.settings.usesSalesforcePrices ? "Salesforce" : "WHMCS",
            "currency": .string(mapping?.currency),
            "lines": .array(lines.map(\.json)),
            "faults": .array(
                faults.map { ["code": .string($0.code.rawValue), "message": .string($0.message)] }),
            "ledger": known.map(\.json) ?? .null,
        ]
    }
}

extension MappedLine {
    /// Null is what the line does not say, or WHMCS does not have.
    fileprivate var json: JSON {
        [
            "orderItemId": .string(item.id.text), "name": .string(item.productName), "productId": .number(productID),
            "product": .string(product?.name), "cycle": .string(cycle?.rawValue), "quantity": .number(quantity),
            "whmcsPrice": .string(price), "salesforcePrice": .string(item.unitPrice),
            "domain": .string(details.domain), "hostname": .string(details.hostname),
            "configOptions": object(details.configOptions), "customFields": object(details.customFields),
            "faults": .array(faults.map(JSON.string)),
        ]
    }
}

extension LedgerOrder {
    fileprivate var json: JSON {
        [
            "status": .string(status.rawValue), "attempt": .number(requestNumber), "step": .string(step?.rawValue),
            "whmcsOrderId": .number(whmcsOrderID), "errorCode": .string(errorCode),
            // A run of this request orders that plan, and makes no new one.
            "hasPlan": .bool(plan != nil),
        ]
    }
}
