import Basics
import Lambda
import Salesforce

struct ProvisioningSettings: ProgramSettings {
    var ledgerTable: String
    /// Where this program's events come from: only the doctor looks there.
    var orderQueueURL: String?
    var salesforce: SalesforceSettings
    var pricebookID: RecordID?
    var provisionableStatuses: ProvisionableStatuses
    var fields = SalesforceFields()
    var activating: String
    var provisioned: String
    var failed: String
    var whmcsURL: String
    var credentialsParameter: String
    /// The gateway of new orders; nil for the client's own.
    var paymentMethod: String?
    var requiresPayMethod: Bool
    /// The WHMCS client's custom field that must equal the account's customer number; nil when that is not checked.
    var customerNoField: Int?
    var markerField: String?
    var usesSalesforcePrices: Bool
    /// Of the org's only currency; nil when each order has its own.
    var currency: String?
    var createsInvoice: Bool
    var sendsConfirmation: Bool
    /// How many UTF-16 units the field for the error message holds.
    var errorMessageLength: Int
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
        orderQueueURL = environment.optional("ORDER_QUEUE_URL")
        salesforce = SalesforceSettings(&environment)
        pricebookID = environment.salesforceID("PORTAL_PRICEBOOK_ID")
        provisionableStatuses = ProvisionableStatuses(&environment)
        activating = environment.text("SF_STATUS_ACTIVATING", default: "Activating")
        provisioned = environment.text("SF_STATUS_PROVISIONED", default: "Provisioned")
        failed = environment.text("SF_STATUS_FAILED", default: "Failed")
        whmcsURL = environment.url("WHMCS_API_URL")
        credentialsParameter = environment.text("WHMCS_CREDENTIALS_PARAMETER")
        let gateway = environment.text("WHMCS_PAYMENT_METHOD")
        paymentMethod = gateway == "client" ? nil : gateway
        requiresPayMethod = environment.flag("WHMCS_REQUIRE_PAY_METHOD", default: true)
        markerField = environment.optional("WHMCS_MARKER_FIELD")
        usesSalesforcePrices = environment.flag("WHMCS_PRICE_FROM_SALESFORCE", default: false)
        currency = environment.currency("SF_CURRENCY")
        createsInvoice = !environment.flag("WHMCS_NO_INVOICE", default: false)
        sendsConfirmation = !environment.flag("WHMCS_NO_EMAIL", default: false)
        customerNoField = environment.optional("WHMCS_CUSTOMER_NO_FIELD").map { _ in
            environment.integer("WHMCS_CUSTOMER_NO_FIELD", default: 0, in: 1...Int(Int32.max))
        }
        errorMessageLength = environment.integer("SF_ERROR_MESSAGE_LENGTH", default: 255, in: 80...131_072)
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
            fields[keyPath: field] = environment.fieldName("SF_FIELD_\(suffix)", default: fields[keyPath: field])
        }
        let optionalNames: [(String, WritableKeyPath<SalesforceFields, String?>)] = [
            ("DOMAIN", \.domain), ("HOSTNAME", \.hostname), ("CONFIG_OPTIONS", \.configOptions),
            ("CUSTOM_FIELDS", \.customFields),
        ]
        for (suffix, field) in optionalNames where environment.optional("SF_FIELD_\(suffix)") != nil {
            fields[keyPath: field] = environment.fieldName("SF_FIELD_\(suffix)")
        }
        let customerNo = environment.fieldName("SF_FIELD_CUSTOMER_NO", default: "SF_Account_No__c")
        if customerNoField != nil { fields.customerNo = customerNo }
        if usesSalesforcePrices, currency == nil { fields.currency = "CurrencyIsoCode" }
    }
}

extension Environment {
    /// The API name of a field, or a path to one: it becomes part of a query.
    mutating func fieldName(_ name: String, default fallback: String? = nil) -> String {
        let field = text(name, default: fallback)
        if !SOQL.isFieldPath(field) { fault(name, "must be the API name of a field") }
        return field
    }

    /// An optional currency of ISO 4217.
    fileprivate mutating func currency(_ name: String) -> String? {
        guard let code = optional(name)?.uppercased() else { return nil }
        let isCode =
            code.utf8.count == 3 && code.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        if !isCode { fault(name, "must be an ISO code like EUR") }
        return code
    }
}
