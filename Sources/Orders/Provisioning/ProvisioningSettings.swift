import Basics
import Lambda
import Salesforce

struct ProvisioningSettings: ProgramSettings {
    var ledgerTable: String
    var salesforce: SalesforceSettings
    var pricebookID: RecordID?
    /// Lower-case; empty allows any.
    var provisionableStatuses: [String]
    var fields = SalesforceFields()
    var activating: String
    var provisioned: String
    var failed: String
    var whmcsURL: String
    var credentialsParameter: String
    var paymentMethod: String
    var requiresPayMethod: Bool
    var markerField: String?
    var usesSalesforcePrices: Bool
    /// Whether AcceptOrder sets services up; nil leaves that to each product.
    var autoSetup: Bool?
    /// How long a person may repair a service that a module failed to set up.
    var setupTime: Milliseconds
    /// How long WHMCS or Salesforce may still carry out a call after nobody waits for its answer.
    var quietTime: Milliseconds
    /// The bound of the first backoff.
    var retryDelay: Milliseconds
    var maxAttempts: Int
    var alerts: Alerts.Settings

    init(_ environment: inout Environment) {
        ledgerTable = environment.text("LEDGER_TABLE")
        salesforce = SalesforceSettings(&environment)
        pricebookID = environment.salesforceID("PORTAL_PRICEBOOK_ID")
        provisionableStatuses = environment.list("SF_PROVISIONABLE_STATUSES").map { $0.lowercased() }
        activating = environment.text("SF_STATUS_ACTIVATING", default: "Activating")
        provisioned = environment.text("SF_STATUS_PROVISIONED", default: "Provisioned")
        failed = environment.text("SF_STATUS_FAILED", default: "Failed")
        whmcsURL = environment.url("WHMCS_API_URL")
        credentialsParameter = environment.text("WHMCS_CREDENTIALS_PARAMETER")
        paymentMethod = environment.text("WHMCS_PAYMENT_METHOD")
        requiresPayMethod = environment.flag("WHMCS_REQUIRE_PAY_METHOD", default: true)
        markerField = environment.optional("WHMCS_MARKER_FIELD")
        usesSalesforcePrices = environment.flag("WHMCS_PRICE_FROM_SALESFORCE", default: false)
        switch environment.text("WHMCS_AUTO_SETUP", default: "product") {
        case "product": autoSetup = nil
        case "true": autoSetup = true
        case "false": autoSetup = false
        default: environment.fault("WHMCS_AUTO_SETUP", "must be product, true or false")
        }
        setupTime = 1000 * environment.integer("WHMCS_SETUP_TIME", default: 3600, in: 0...604_800)
        quietTime = 1000 * environment.integer("WHMCS_QUIET_TIME", default: 600, in: 0...86_400)
        retryDelay = 1000 * environment.integer("RETRY_DELAY", default: 30, in: 0...3600)
        maxAttempts = environment.integer("MAX_ATTEMPTS", default: 12, in: 1...1000)
        alerts = Alerts.Settings(&environment)
        readFieldNames(&environment)
    }

    private mutating func readFieldNames(_ environment: inout Environment) {
        let names: [(String, WritableKeyPath<SalesforceFields, String>)] = [
            ("STATUS", \.status), ("ERROR_CODE", \.errorCode), ("ERROR_MESSAGE", \.errorMessage),
            ("WHMCS_ORDER_ID", \.whmcsOrderId), ("LAST_ATTEMPT", \.lastAttempt), ("CLIENT", \.client),
            ("PRODUCT", \.product), ("BILLING_CYCLE", \.billingCycle), ("SERVICE_ID", \.serviceId),
        ]
        for (suffix, field) in names {
            let name = "SF_FIELD_\(suffix)"
            fields[keyPath: field] = environment.text(name, default: fields[keyPath: field])
            // The name becomes part of a query.
            if !SOQL.isFieldPath(fields[keyPath: field]) { environment.fault(name, "must be the API name of a field") }
        }
    }
}
