import JSON

/// Only Pending orders: that one is missing and that one is not Pending reads the same.
func acceptOrder(_ form: PHPForm, _: WHMCSSimulator.Install, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    state.setStatus(ofOrder: try pendingOrder(form, state), "Active")
    return [:]
}

/// Pending ones only, again. What becomes of the services is undocumented; here they are cancelled too.
func cancelOrder(_ form: PHPForm, _: WHMCSSimulator.Install, _ state: inout WHMCSSimulator.State)
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

func getOrders(_ form: PHPForm, _ install: WHMCSSimulator.Install, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    // Newest first; the order is undocumented, so nobody should lean on it.
    let matching = state.orders.reversed().filter { order in
        form.selects("id", order.id) && form.selects("userid", order.clientId) && form.selects("status", order.status)
    }
    let page = form.page(matching)
    let snapshot = state
    return page.totals.merging([
        "orders": install.shape.list("order", page.rows.map { orderRow($0, install.shape, snapshot) })
    ]) { $1 }
}

private func orderRow(_ order: WHMCSSimulator.Order, _ shape: WHMCSSimulator.Shape, _ state: WHMCSSimulator.State)
    -> JSON
{
    let items = state.services(ofOrder: order.id).map { service -> JSON in
        [
            "type": "product", "relid": .number(service.id), "producttype": "Other Product/Service",
            // A name and no pid.
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
        "lineitems": shape.list("lineitem", items),
    ]
}

/// WHMCS reads `semiannually` and writes `Semi-Annually`.
func displayedCycle(_ cycle: String) -> String {
    ["semiannually": "Semi-Annually", "onetime": "One Time", "free": "Free Account"][cycle] ?? cycle.capitalized
}

extension PHPForm {
    /// Whether the filter of that name lets the number through; one that is absent or empty lets all through.
    func selects(_ name: String, _ value: Int) -> Bool { integer(name).map { $0 == value } ?? true }
    func selects(_ name: String, _ value: String) -> Bool { self[name].isEmpty || self[name] == value }

    /// The rows from `limitstart`, `limitnum` of them (25 unless told), and the numbers that go with them.
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
