import JSON

func getClientsDetails(_ form: PHPForm, _: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    guard let id = form.integer("clientid") else { throw WHMCSRefusal("Either clientid Or email Is Required") }
    guard let client = state.client(id) else { throw WHMCSRefusal("Client Not Found") }
    var fields: [String: JSON] = [
        "id": .number(client.id), "userid": .number(client.id),
        "client_id": .number(client.id), "companyname": .string(client.name),
        "fullname": .string(client.name), "email": .string("client\(client.id)@example.com"),
        "status": .string(client.status), "currency": 1, "currency_code": "USD",
        "defaultgateway": .string(client.defaultGateway),
    ]
    let custom = client.customFields.sorted { $0.key < $1.key }
    fields["customfields"] = .array(
        custom.map { ["id": .number($0.key), "value": .string($0.value)] })
    for (index, field) in custom.enumerated() { fields["customfields\(index + 1)"] = .string(field.value) }
    // WHMCS sends the fields twice: as `client`, and flat, as older versions did.
    return fields.merging(["client": .object(fields)]) { $1 }
}

func getClientsProducts(
    _ form: PHPForm, _ configuration: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State
)
    throws(WHMCSRefusal) -> [String: JSON]
{
    let product = form.integer("pid")
    let matching = state.services(id: form.integer("serviceid"), client: form.integer("clientid")).filter { service in
        product ?? service.pid == service.pid && form.selects("domain", service.domain)
    }
    let page = form.page(matching)
    let snapshot = state
    return page.totals.merging([
        "clientid": .string(form["clientid"]), "serviceid": .string(form["serviceid"]), "pid": .string(form["pid"]),
        "domain": .string(form["domain"]),
        "products": configuration.responseFormat.list(
            "product",
            page.rows.map { serviceRow($0, configuration.responseFormat, snapshot) }),
    ]) { $1 }
}

private func serviceRow(
    _ service: WHMCSSimulator.Service, _ format: WHMCSSimulator.ResponseFormat, _ state: WHMCSSimulator.State
) -> JSON {
    let product = state.product(service.pid)
    let fields = (product?.customFields ?? [:]).sorted { $0.key < $1.key }.map { id, name -> JSON in
        [
            "id": .number(id), "name": .string(name), "translated_name": .string(name),
            "value": .string(service.customFields[id] ?? ""),
        ]
    }
    let options = service.configOptions.sorted { $0.key < $1.key }.map { id, value -> JSON in
        ["id": .string(id), "option": .string("Option \(id)"), "type": "dropdown", "value": .string(value)]
    }
    return [
        "id": .number(service.id), "qty": .number(service.quantity),
        "clientid": .number(service.clientId), "orderid": .number(service.orderId),
        "ordernumber": .string(state.order(service.orderId)?.number ?? ""), "pid": .number(service.pid),
        "name": .string(product?.name ?? ""), "groupname": "Services", "domain": .string(service.domain),
        "username": "", "password": .string(service.password), "notes": "",
        "firstpaymentamount": .string(service.amount),
        "recurringamount": .string(service.billingCycle == "onetime" ? "0.00" : service.amount),
        "billingcycle": .string(displayedCycle(service.billingCycle)), "nextduedate": "0000-00-00",
        "status": .string(service.status), "customfields": format.list("customfield", fields),
        "configoptions": format.list("configoption", options),
    ]
}

func getProducts(_ form: PHPForm, _ configuration: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    let wanted = Set(form["pid"].split(separator: ",").compactMap { Int($0) })
    let matching = state.products.filter { form["pid"].isEmpty || wanted.contains($0.pid) }
    return [
        "totalresults": .number(matching.count),
        "products": configuration.responseFormat.list(
            "product", matching.map { productRow($0, configuration.responseFormat) }),
    ]
}

private func productRow(_ product: WHMCSSimulator.Product, _ format: WHMCSSimulator.ResponseFormat) -> JSON {
    var pricing: [String: JSON] = ["prefix": "$", "suffix": " USD"]
    for cycle in ["monthly", "quarterly", "semiannually", "annually", "biennially", "triennially"] {
        // A disabled cycle has the price -1.00. The setup fee's name begins with the cycle's first letter.
        pricing[cycle] = .string(product.prices[cycle] ?? "-1.00")
        pricing["\(cycle.prefix(1))setupfee"] = "0.00"
    }
    let fields = product.customFields.sorted { $0.key < $1.key }.map { id, name -> JSON in
        [
            "id": .number(id), "name": .string(name), "description": "",
            "required": .string(product.requiredCustomFields.contains(id) ? "on" : ""),
        ]
    }
    let options = product.configOptions.map { configOptionRow($0, format) }
    return [
        "pid": .number(product.pid), "gid": 1, "type": .string(product.type), "name": .string(product.name),
        "description": "", "module": "", "paytype": .string(product.payType),
        "allowqty": .number(product.quantity.rawValue), "quantity_available": 0,
        "pricing": .object(["USD": .object(pricing)]), "customfields": format.list("customfield", fields),
        "configoptions": format.list("configoption", options),
    ]
}

private func configOptionRow(
    _ option: WHMCSSimulator.Product.ConfigOption, _ format: WHMCSSimulator.ResponseFormat
) -> JSON {
    let choices = option.options.sorted { $0.key < $1.key }.map { id, name -> JSON in
        ["id": .number(id), "name": .string(name), "rawName": .string(name), "recurring": 0, "required": .null]
    }
    return [
        "id": .number(option.id), "name": .string(option.name), "type": .string(String(option.kind.rawValue)),
        "minqty": .number(option.range.lowerBound), "maxqty": .number(option.range.upperBound),
        "options": format.list("option", choices),
    ]
}

func getPayMethods(_ form: PHPForm, _ configuration: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State)
    throws(WHMCSRefusal) -> [String: JSON]
{
    guard let id = form.integer("clientid") else { throw WHMCSRefusal("Client ID Is Required") }
    guard state.client(id) != nil else { throw WHMCSRefusal("Client Not Found") }
    guard ["", "BankAccount", "CreditCard"].contains(form["type"]) else {
        throw WHMCSRefusal("Invalid Pay Method Type. Should be 'BankAccount' or 'CreditCard'")
    }
    let rows = state.payMethods.filter { $0.clientId == id && $0.type.hasSuffix(form["type"]) }.map { method -> JSON in
        [
            "id": .number(method.id), "type": .string(method.type), "description": "",
            "gateway_name": "stripe", "contact_type": "Client", "contact_id": .number(id),
            "card_last_four": "4242", "expiry_date": "12/30", "card_type": "Visa", "remote_token": "secret-token",
            "last_updated": "2026-11-01 09:00:00",
        ]
    }
    // The only list without a name for its elements.
    let empty: JSON = configuration.responseFormat.empty == .array ? [] : ""
    return ["clientid": .number(id), "paymethods": rows.isEmpty ? empty : .array(rows)]
}

func getPaymentMethods(
    _: PHPForm, _ configuration: WHMCSSimulator.Configuration, _ state: inout WHMCSSimulator.State
) throws(WHMCSRefusal) -> [String: JSON] {
    let gateways = state.gateways.sorted { $0.key < $1.key }.map { module, name -> JSON in
        ["module": .string(module), "displayname": .string(name)]
    }
    return [
        "totalresults": .number(gateways.count),
        "paymentmethods": configuration.responseFormat.list("paymentmethod", gateways),
    ]
}
