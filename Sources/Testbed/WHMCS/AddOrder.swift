import Foundation
import JSON

/// A refusal: `result: error` with this message. The status is 200, except when WHMCS refuses the caller.
struct WHMCSRefusal: Error, Equatable {
    var status = 200
    var message: String

    init(_ message: String, status: Int = 200) {
        self.message = message
        self.status = status
    }
}

/// One line of an order, validated.
private struct CartLine {
    var product: WHMCSSimulator.Product
    var cycle: String
    var price: String
    var quantity: Int
    var domain: String
    var customFields: [String: String]
    var configOptions: [String: String]
}

/// The parameters that are arrays with one element for each line.
private let lineParameters = [
    "pid", "qty", "domain", "billingcycle", "customfields", "configoptions", "priceoverride", "hostname", "addons",
]

/// Creates an order. Ignores unknown parameters, as WHMCS does.
func addOrder(_ form: PHPForm, _ configuration: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    guard let client = form.integer("clientid").flatMap(state.client) else {
        throw WHMCSRefusal("Client ID Not Found")
    }
    if client.status == "Closed" { throw WHMCSRefusal("Unable to add order when client status is Closed") }
    guard state.gateways[form["paymentmethod"]] != nil else {
        let valid = state.gateways.keys.sorted().joined(separator: ", ")
        throw WHMCSRefusal("Invalid Payment Method. Valid options include \(valid)")
    }
    for name in lineParameters where form.texts[name] != nil {
        throw WHMCSRefusal("Expecting parameter '\(name)' to be an array")
    }
    var lines: [CartLine] = []
    for (key, pid) in form.arrays["pid"] ?? [] {
        lines.append(try cartLine(form, key, pid: pid, state))
    }
    if lines.isEmpty { throw WHMCSRefusal("No items added to cart so order cannot proceed") }

    var order = WHMCSSimulator.Order(
        id: state.newId(), number: String(Int.random(in: 1_000_000_000...9_999_999_999)), clientId: client.id,
        status: "Pending", notes: configuration.dropsNotes ? "" : form["notes"], paymentMethod: form["paymentmethod"],
        amount: money(lines.reduce(0) { $0 + (Double($1.price) ?? 0) * Double($1.quantity) }), invoiceId: 0,
        isConfirmed: !form.bool("noemail"), date: whmcsTime(.now()))
    if !form.bool("noinvoice") { order.invoiceId = state.newId() }
    state.add(order)

    var serviceIds: [String] = []
    for line in lines {
        let copies = line.product.quantity == .multipleServices ? line.quantity : 1
        for _ in 0..<copies {
            let service = service(of: line, order, id: state.newId(), quantity: line.quantity / copies)
            serviceIds.append(String(service.id))
            state.add(service)
        }
    }
    let ids = JSON.string(serviceIds.joined(separator: ","))
    return [
        // There are no ids per line, and productids are service ids (developer documentation, issue 246).
        "orderid": .number(order.id), "productids": ids, "serviceids": ids, "addonids": "", "domainids": "",
        "invoiceid": .number(order.invoiceId),
    ]
}

/// It is undocumented how WHMCS answers for an unknown product or a disabled cycle. The simulator refuses both.
private func cartLine(_ form: PHPForm, _ key: String, pid: String, _ state: WHMCSSimulator.State)
    throws(WHMCSRefusal) -> CartLine
{
    guard let product = Int(pid).flatMap(state.product) else { throw WHMCSRefusal("Product ID \(pid) not found") }
    let cycle = form.element("billingcycle", key)
    guard let price = product.price(cycle) else {
        throw WHMCSRefusal("Billing cycle '\(cycle)' is not available for product ID \(pid)")
    }
    let override = form.element("priceoverride", key)
    let quantity = product.quantity == .no ? 1 : max(1, Int(form.element("qty", key)) ?? 1)
    return CartLine(
        product: product, cycle: cycle, price: override.isEmpty ? price : override, quantity: quantity,
        domain: domain(form, key, product),
        customFields: try decodedMap("customfields", form.element("customfields", key)),
        configOptions: try decodedMap("configoptions", form.element("configoptions", key)))
}

/// A server's hostname becomes its domain.
private func domain(_ form: PHPForm, _ key: String, _ product: WHMCSSimulator.Product) -> String {
    let hostname = form.element("hostname", key)
    return product.type == "server" && !hostname.isEmpty ? hostname : form.element("domain", key)
}

/// base64(serialize(id → value)), as AddOrder documents it. PHP ignores text that it cannot parse. The simulator refuses
/// it, so that a wrong encoding is noticed.
private func decodedMap(_ name: String, _ text: String) throws(WHMCSRefusal) -> [String: String] {
    if text.isEmpty { return [:] }
    guard let data = Data(base64Encoded: text), let value = try? phpUnserialized([UInt8](data)),
        let members = value.object
    else { throw WHMCSRefusal("Parameter '\(name)' is not a base64 encoded serialized array") }
    return members.compactMapValues(\.stringOrNumber)
}

private func service(of line: CartLine, _ order: WHMCSSimulator.Order, id: Int, quantity: Int)
    -> WHMCSSimulator.Service
{
    // WHMCS ignores fields that the product does not have.
    let fields = line.product.customFields.keys.compactMap { id in
        line.customFields[String(id)].map { (id, $0) }
    }
    return WHMCSSimulator.Service(
        id: id, orderId: order.id, clientId: order.clientId, pid: line.product.pid, quantity: quantity,
        billingCycle: line.cycle, status: "Pending", amount: money((Double(line.price) ?? 0) * Double(quantity)),
        domain: line.domain, customFields: Dictionary(fields) { $1 }, configOptions: line.configOptions,
        password: "secret-\(id)")
}

extension WHMCSSimulator.Product {
    /// Nil when the product does not have that cycle.
    fileprivate func price(_ cycle: String) -> String? {
        switch payType {
        case "free": cycle == "free" ? "0.00" : nil
        case "onetime": cycle == "onetime" ? prices["monthly"] : nil
        default: prices[cycle]
        }
    }
}

func money(_ amount: Double) -> String {
    String(format: "%.2f", amount)
}
