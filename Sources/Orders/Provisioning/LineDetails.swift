import Basics
import JSON
import WHMCS

/// What a line says beyond product, cycle and quantity, and what is wrong with it. WHMCS silently drops what a product
/// does not take, so that is refused here.
struct LineDetails {
    private(set) var domain: String?
    private(set) var hostname: String?
    private(set) var configOptions: [Int: String] = [:]
    private(set) var customFields: [Int: String] = [:]
    private(set) var faults: [String] = []

    /// - Parameter product: nil when it is unknown; then only the form is checked.
    init(_ item: SalesforceOrder.Item, quantity: Int, product: Product?, markerField: Int?) {
        domain = text(item.domain)
        hostname = text(item.hostname)
        checkNames(quantity, product)
        configOptions = values(item.configOptions, "configurable option")
        customFields = values(item.customFields, "custom field")
        guard let product else { return }
        checkConfigOptions(product)
        checkCustomFields(product, markerField)
        // Without a field in Salesforce, WHMCS's staff fill them.
        if item.configOptions != nil { requireConfigOptions(product) }
        if item.customFields != nil { requireCustomFields(product, markerField) }
    }

    private func text(_ text: String?) -> String? {
        text.map { String($0.trimmed) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func checkNames(_ quantity: Int, _ product: Product?) {
        if let domain, !isHostName(domain, isDomain: true) {
            faults.append("\"\(domain.prefix(40))\" is not a domain name (an international one needs its xn-- form)")
        }
        if let hostname, !isHostName(hostname, isDomain: false) {
            faults.append("\"\(hostname.prefix(40))\" is not a hostname")
        }
        // WHMCS stores the hostname as the service's domain.
        if domain != nil, hostname != nil { faults.append("it has a domain and a hostname, and WHMCS keeps only one") }
        if domain != nil || hostname != nil, quantity > 1 {
            faults.append("it has a quantity of \(quantity), and services cannot share a domain or hostname")
        }
        if hostname != nil, let product, !product.takesHostname {
            faults.append("product \(product.id) is no server and takes no hostname")
        }
    }

    /// A JSON object, id → value.
    private mutating func values(_ json: String?, _ what: String) -> [Int: String] {
        guard let json = text(json) else { return [:] }
        guard let members = JSON(Array(json.utf8))?.object else {
            faults.append("its \(what)s are not a JSON object of ids and values")
            return [:]
        }
        var values: [Int: String] = [:]
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let id = Int(key), id > 0, String(id) == key else {
                faults.append("\"\(key.prefix(40))\" is not the id of a \(what)")
                continue
            }
            guard let text = value.string ?? value.integer.map(String.init) else {
                faults.append("the value of \(what) \(id) is neither text nor a whole number")
                continue
            }
            guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                faults.append("the value of \(what) \(id) has control characters")
                continue
            }
            values[id] = text
        }
        return values
    }

    private mutating func checkConfigOptions(_ product: Product) {
        for (id, value) in configOptions.sorted(by: { $0.key < $1.key }) {
            guard let option = product.configOptions.first(where: { $0.id == id }) else {
                faults.append("product \(product.id) has no configurable option \(id)")
                continue
            }
            if let fault = option.fault(value) { faults.append(fault) }
        }
    }

    private mutating func requireConfigOptions(_ product: Product) {
        for option in product.configOptions where option.isRequired && configOptions[option.id] == nil {
            faults.append("product \(product.id) requires configurable option \(option.id) (\(option.name))")
        }
    }

    private mutating func checkCustomFields(_ product: Product, _ markerField: Int?) {
        for id in customFields.keys.sorted() {
            if id == markerField {
                faults.append("custom field \(id) of product \(product.id) is WHMCS_MARKER_FIELD, and set by the suite")
            } else if !product.customFields.contains(where: { $0.id == id }) {
                faults.append("product \(product.id) has no custom field \(id) on its order form")
            }
        }
    }

    private mutating func requireCustomFields(_ product: Product, _ markerField: Int?) {
        for field in product.customFields where field.isRequired && field.id != markerField {
            guard customFields[field.id]?.trimmed.isEmpty ?? true else { continue }
            faults.append("product \(product.id) requires custom field \(field.id) (\(field.name))")
        }
    }
}

/// Whether the text is a name in DNS, in ASCII. A domain has two labels or more, and no number for the last.
private func isHostName(_ text: String, isDomain: Bool) -> Bool {
    let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let hyphen = UInt8(ascii: "-")
    let areLabels = labels.allSatisfy { label in
        (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy {
                isDigit($0) || $0 == hyphen || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
            }
    }
    guard areLabels, text.utf8.count <= 253 else { return false }
    return !isDomain || labels.count > 1 && labels.last?.allSatisfy(isDigit) == false
}
