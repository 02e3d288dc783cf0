import JSON

/// Accepts Pending orders only. WHMCS refuses a missing order and one that is not Pending with the same message.
func acceptOrder(_ form: PHPForm, _: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    let id = try pendingOrder(form, state)
    // PHP takes any text but "0" and "" for true.
    let isSetUp = form.texts["autosetup"].map { !["", "0"].contains($0) }
    state.accept(order: id, autoSetup: isSetUp)
    return [:]
}

/// Cancels Pending orders only. It is undocumented what happens to the services; here they are cancelled too.
func cancelOrder(_ form: PHPForm, _: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    state.setStatus(ofOrder: try pendingOrder(form, state), "Cancelled")
    return [:]
}

private func pendingOrder(_ form: PHPForm, _ state: WHMCSSimulator.State) throws(WHMCSRefusal) -> Int {
    guard let order = form.integer("orderid").flatMap(state.order), order.status == "Pending" else {
        throw WHMCSRefusal("Order ID not found or Status not Pending")
    }
    return order.id
}

func getOrders(_ form: PHPForm, _ configuration: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    let matching = state.orders(id: form.integer("id"), client: form.integer("userid")).filter {
        form.selects("status", $0.status)
    }
    // The order is undocumented, so no program may rely on it.
    let page = form.page(configuration.listsOldestFirst ? matching : matching.reversed())
    let snapshot = state
    return page.totals.merging([
        "orders": configuration.responseFormat.list(
            "order",
            page.rows.map { orderRow($0, configuration.responseFormat, snapshot) })
    ]) { $1 }
}

private func orderRow(
    _ order: WHMCSSimulator.Order, _ format: WHMCSSimulator.ResponseFormat, _ state: WHMCSSimulator.State
) -> JSON {
    let items = state.services(ofOrder: order.id).map { service -> JSON in
        [
            "type": "product", "relid": .number(service.id), "producttype": "Other Product/Service",
            // WHMCS gives the name, and no product id.
            "product": .string(state.product(service.pid)?.name ?? ""), "domain": .string(service.domain),
            "billingcycle": .string(displayedCycle(service.billingCycle)),
            "amount": .string("$\(service.amount) USD"), "status": .string(service.status),
        ]
    }
    return [
        "id": .number(order.id), "ordernum": .string(order.number),
        "userid": .number(order.clientId), "contactid": 0, "requestor_id": 0, "admin_requestor_id": 1,
        "date": .string(order.date), "nameservers": "", "transfersecret": "", "renewals": "", "promocode": "",
        "orderdata": "[]", "amount": .string(order.amount), "paymentmethod": .string(order.paymentMethod),
        "paymentmethodname": .string(state.gateways[order.paymentMethod] ?? ""),
        "paymentstatus": .string(order.invoiceId == 0 ? "Complete" : "Unpaid"),
        "invoiceid": .number(order.invoiceId), "status": .string(order.status), "ipaddress": "127.0.0.1",
        "fraudmodule": "", "fraudoutput": "", "frauddata": "", "notes": .string(order.notes),
        "name": .string(state.client(order.clientId)?.name ?? ""), "currencyprefix": "$", "currencysuffix": " USD",
        "lineitems": format.list("lineitem", items),
    ]
}

func getModuleQueue(
    _ form: PHPForm, _ configuration: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State
)
    throws(WHMCSRefusal) -> [String: JSON]
{
    let service = form.integer("relatedId")
    let matching = state.moduleQueue.filter { service ?? $0.serviceId == $0.serviceId }
    let rows = matching.enumerated().map { index, entry -> JSON in
        [
            "id": .number(index + 1), "service_type": "service", "service_id": .number(entry.serviceId),
            "module_name": "example", "module_action": .string(entry.action), "last_attempt": "2026-11-20 10:15:30",
            "last_attempt_error": .string(entry.error), "num_retries": 0, "completed": 0,
        ]
    }
    return ["count": .number(rows.count), "queue": .array(rows)]
}

/// WHMCS reads `semiannually` and writes `Semi-Annually`.
func displayedCycle(_ cycle: String) -> String {
    switch cycle {
    case "semiannually": "Semi-Annually"
    case "onetime": "One Time"
    case "free": "Free Account"
    default: cycle.prefix(1).uppercased() + cycle.dropFirst()
    }
}

extension PHPForm {
    /// Whether the filter of that name matches the value. A filter that is absent or empty matches all.
    func selects(_ name: String, _ value: String) -> Bool { self[name].isEmpty || self[name] == value }

    /// The `limitnum` rows (default 25) from `limitstart` on, and the totals beside them.
    func page<Row>(_ rows: [Row]) -> (rows: [Row], totals: [String: JSON]) {
        let start = integer("limitstart") ?? 0
        let page = Array(rows.dropFirst(start).prefix(integer("limitnum") ?? 25))
        let totals: [String: JSON] = [
            "totalresults": .number(rows.count), "startnumber": .number(start),
            "numreturned": .number(page.count),
        ]
        return (page, totals)
    }
}
