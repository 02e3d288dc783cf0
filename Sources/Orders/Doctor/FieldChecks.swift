import HTTP
import Salesforce

/// The configured fields: whether they exist for the integration user, and take what the suite writes.
struct FieldChecks {
    let settings: ProvisioningSettings
    let http: HTTPClient
    private let objects: ObjectDescriptions

    private static let help =
        "Name your fields in the SF_FIELD_ settings, and let the integration user read and edit them:"
        + " deploy/salesforce has fields and permission sets."

    init(settings: ProvisioningSettings, salesforce: SalesforceClient, http: HTTPClient) {
        self.settings = settings
        self.http = http
        objects = ObjectDescriptions(salesforce)
    }

    func checks() -> [Check] {
        // Side by side; paths through other objects are described when they are met.
        _ = http.together(
            ["Order", "OrderItem", "Account", "Product2"].map { name in
                {
                    _ = try? objects.description(name)
                    return []
                }
            })
        return [
            check("Salesforce fields written", settings.writtenFields.map { field in { try fault(written: field) } }),
            check("Salesforce fields read", settings.readFields.map { field in { try fault(read: field) } }),
            check("Salesforce status values", [statusFault]),
            check("Salesforce order statuses", [provisionableFault]),
        ]
    }

    /// All faults, in one check.
    private func check(_ name: String, _ looks: [() throws -> String?]) -> Check {
        Check(name) {
            var faults: [String] = []
            for look in looks {
                do { if let fault = try look() { faults.append(fault) } } catch {
                    let text = Problem(error).detail
                    if !faults.contains(text) { faults.append(text) }
                }
            }
            guard faults.isEmpty else { throw Problem(faults.joined(separator: "; "), help: Self.help) }
            return nil
        }
    }

    private func fault(read field: ConfiguredField) throws -> String? {
        try objects.field(field.path, of: field.object) == nil
            ? "\(field.variable): \(field.object) has no field \(field.path), or the user may not see it" : nil
    }

    private func fault(written field: ConfiguredField) throws -> String? {
        guard let description = try objects.field(field.path, of: field.object) else { return try fault(read: field) }
        if !description.isUpdateable { return "\(field.variable): the user may not edit \(field.path)" }
        guard field.types.contains(description.type) else {
            return "\(field.variable): \(field.path) has the type \(description.type), not \(field.types[0])"
        }
        guard description.length >= field.length else {
            return "\(field.variable): \(field.path) holds \(description.length) characters, not \(field.length)"
        }
        return nil
    }

    private func statusFault() throws -> String? {
        let name = settings.fields.status
        guard let field = try objects.field(name, of: "Order") else { return "the user may not see \(name)" }
        let values = [settings.activating, settings.provisioned, settings.failed]
        let missing = field.isRestricted ? values.filter { !field.values.contains($0) } : []
        return missing.isEmpty
            ? nil : "the picklist \(field.name) has no \(missing.joined(separator: ", ")): add it, or set SF_STATUS_…"
    }

    private func provisionableFault() throws -> String? {
        guard let field = try objects.field("Status", of: "Order") else { return "the user may not see Order.Status" }
        let known = Set(field.values.map { $0.lowercased() })
        let missing = settings.provisionableStatuses.names.filter { !known.contains($0.lowercased()) }
        return missing.isEmpty
            ? nil
            : "the picklist Status has no \(missing.joined(separator: ", ")), which SF_PROVISIONABLE_STATUSES names"
    }
}

/// Describes each object once.
private final class ObjectDescriptions {
    private let salesforce: SalesforceClient
    private var known: [String: Result<ObjectDescription, any Error>] = [:]

    init(_ salesforce: SalesforceClient) {
        self.salesforce = salesforce
    }

    func description(_ name: String) throws -> ObjectDescription {
        if let known = known[name] { return try known.get() }
        let result = Result { try salesforce.describe(name) }
        known[name] = result
        return try result.get()
    }

    /// The field at the end of a path; nil when there is none.
    func field(_ path: String, of object: String) throws -> ObjectDescription.Field? {
        var object = try description(object)
        let names = path.split(separator: ".").map(String.init)
        for name in names.dropLast() {
            guard let target = object.reference(name)?.referenceTo.first else { return nil }
            object = try description(target)
        }
        return names.last.flatMap { object[$0] }
    }
}
