import Lambda
import Testing

@testable import Orders

/// At startup every invalid or missing variable is reported by name, in one error.
@Suite struct SettingsTests {
    private static func faults(_ read: (inout Environment) -> Void, _ values: [String: String]) -> [String] {
        var environment = Environment(values)
        read(&environment)
        return environment.faults
    }

    // MARK: verify-signature

    private static let webhook = [
        "SF_WEBHOOK_SECRET_PARAMETER": "/s", "LEDGER_TABLE": "t", "EVENT_BUS_NAME": "b",
    ]

    @Test("verify-signature has defaults") func webhookDefaults() {
        var environment = Environment(Self.webhook)
        let settings = Webhook.Settings(&environment)
        #expect(environment.faults == [])
        #expect((settings.authentication.tolerance, settings.allowedAddresses) == (300_000, .any))
        #expect((settings.ledgerTable, settings.busName, settings.organization) == ("t", "b", nil))
        #expect(settings.authentication.secretParameter == "/s")
    }

    @Test("verify-signature reports all faults") func webhookFaults() {
        let values = [
            "LEDGER_TABLE": " ", "WEBHOOK_TIMESTAMP_TOLERANCE": "5m", "SF_WEBHOOK_IP_ALLOWLIST": "example.com",
            "SF_ORGANIZATION_ID": "00D",
        ]
        #expect(
            Self.faults({ _ = Webhook.Settings(&$0) }, values) == [
                "SF_WEBHOOK_SECRET_PARAMETER is not set",
                "WEBHOOK_TIMESTAMP_TOLERANCE must be a whole number from 1000 to 86400000",
                "LEDGER_TABLE is not set", "EVENT_BUS_NAME is not set",
                "SF_WEBHOOK_IP_ALLOWLIST must be addresses and CIDRs separated by commas",
                "SF_ORGANIZATION_ID must be a Salesforce id",
            ])
    }

    // MARK: provision-order

    private static let provisioning = ProvisioningSettings.validVariables

    @Test("provision-order has defaults") func provisioningDefaults() {
        var environment = Environment(Self.provisioning)
        let settings = ProvisioningSettings(&environment)
        #expect(environment.faults == [])
        #expect((settings.salesforce.apiVersion, settings.pricebookID, settings.markerField) == ("v66.0", nil, nil))
        #expect((settings.requiresPayMethod, settings.usesSalesforcePrices) == (true, false))
        #expect((settings.paymentMethod, settings.customerNoField, settings.currency) == ("mailin", nil, nil))
        #expect((settings.createsInvoice, settings.sendsConfirmation) == (true, true))
        #expect(settings.errorMessageLength == 255)
        #expect((settings.quietTime, settings.retryDelay, settings.maxAttempts) == (600_000, 30_000, 12))
        #expect((settings.setupTime, settings.autoSetup) == (3_600_000, nil))
        #expect((settings.activating, settings.provisioned, settings.failed) == ("Activating", "Provisioned", "Failed"))
        #expect(settings.provisionableStatuses == .any)
        let fields = settings.fields
        #expect(
            [
                fields.status, fields.errorCode, fields.errorMessage, fields.whmcsOrderId, fields.lastAttempt,
                fields.client, fields.product, fields.billingCycle, fields.serviceId,
            ] == [
                "Provisioning_Status__c", "Provisioning_Error_Code__c", "Provisioning_Error_Message__c",
                "WHMCS_Order_ID__c", "Last_Provisioning_At__c", "WH_Account__c", "WH_Product_ID__c", "Billing_Cycle__c",
                "WHMCS_Service_ID__c",
            ])
        #expect(
            [
                fields.customerNo, fields.currency, fields.domain, fields.hostname, fields.configOptions,
                fields.customFields,
            ].compactMap(\.self) == [])
    }

    @Test("provision-order reads all variables") func provisioningValues() {
        let set = [
            "SF_API_VERSION": "v67.0", "PORTAL_PRICEBOOK_ID": "01sDn000000AbCd",
            "SF_PROVISIONABLE_STATUSES": " Approved ,, ACTIVATED ", "SF_STATUS_FAILED": "Broken",
            "SF_FIELD_CLIENT": "Account.Parent.Billing__c", "WHMCS_REQUIRE_PAY_METHOD": "FALSE",
            "WHMCS_PRICE_FROM_SALESFORCE": "true", "WHMCS_MARKER_FIELD": "Salesforce Order", "WHMCS_QUIET_TIME": "0",
            "RETRY_DELAY": "5", "MAX_ATTEMPTS": "3", "WHMCS_PAYMENT_METHOD": "client", "WHMCS_NO_INVOICE": "true",
            "WHMCS_NO_EMAIL": "true", "WHMCS_CUSTOMER_NO_FIELD": "198", "SF_ERROR_MESSAGE_LENGTH": "32768",
            "SF_FIELD_DOMAIN": "Domain__c", "SF_FIELD_HOSTNAME": "Product2.Host__c",
            "SF_FIELD_CONFIG_OPTIONS": "OrderItem.Options__c", "SF_FIELD_CUSTOM_FIELDS": "Fields__c",
        ]
        var environment = Environment(Self.provisioning.merging(set) { $1 })
        let settings = ProvisioningSettings(&environment)
        #expect(environment.faults == [])
        #expect((settings.salesforce.apiVersion, settings.pricebookID?.text) == ("v67.0", "01sDn000000AbCdIAK"))
        #expect((settings.provisionableStatuses, settings.failed) == (.named(["Approved", "ACTIVATED"]), "Broken"))
        #expect(settings.fields.client == "Account.Parent.Billing__c")
        #expect((settings.requiresPayMethod, settings.usesSalesforcePrices) == (false, true))
        #expect((settings.paymentMethod, settings.customerNoField, settings.currency) == (nil, 198, nil))
        #expect((settings.createsInvoice, settings.sendsConfirmation) == (false, false))
        #expect(settings.errorMessageLength == 32_768)
        #expect((settings.fields.customerNo, settings.fields.currency) == ("SF_Account_No__c", "CurrencyIsoCode"))
        #expect((settings.fields.domainPath, settings.fields.hostnamePath) == ("Domain__c", "Product2.Host__c"))
        #expect(settings.fields.configOptionsPath == "Options__c")
        #expect(settings.fields.customFieldsPath == "Fields__c")
        #expect((settings.markerField, settings.quietTime) == ("Salesforce Order", 0))
        #expect((settings.retryDelay, settings.maxAttempts) == (5000, 3))
    }

    @Test("provision-order reports all faults") func provisioningFaults() {
        let values = [
            "SF_API_VERSION": "66", "PORTAL_PRICEBOOK_ID": "standard",
            "WHMCS_API_URL": "http://billing.example.com/api",
            "WHMCS_REQUIRE_PAY_METHOD": "yes", "WHMCS_PRICE_FROM_SALESFORCE": "1", "WHMCS_QUIET_TIME": "-1",
            "RETRY_DELAY": "3601", "MAX_ATTEMPTS": "0", "SF_FIELD_STATUS": "Status__c FROM User--",
            "SF_FIELD_SERVICE_ID": "a..b", "SF_FIELD_DOMAIN": "a b", "SF_FIELD_CUSTOMER_NO": "1a",
            "WHMCS_CUSTOMER_NO_FIELD": "Customer Number", "SF_CURRENCY": "€", "WHMCS_NO_INVOICE": "1",
            "WHMCS_NO_EMAIL": "no", "SF_ERROR_MESSAGE_LENGTH": "79", "WHMCS_AUTO_SETUP": "yes",
            "WHMCS_SETUP_TIME": "604801",
        ]
        #expect(
            Self.faults({ _ = ProvisioningSettings(&$0) }, values) == [
                "LEDGER_TABLE is not set", "SF_ACCESS_TOKEN_PARAMETER is not set", "SF_REFRESH_FUNCTION is not set",
                "SF_API_VERSION must be like v66.0", "PORTAL_PRICEBOOK_ID must be a Salesforce id",
                "SF_PROVISIONABLE_STATUSES is not set; * allows any status",
                "WHMCS_API_URL must be an https URL without a user name", "WHMCS_CREDENTIALS_PARAMETER is not set",
                "WHMCS_PAYMENT_METHOD is not set", "WHMCS_REQUIRE_PAY_METHOD must be true or false",
                "WHMCS_PRICE_FROM_SALESFORCE must be true or false", "SF_CURRENCY must be an ISO code like EUR",
                "WHMCS_NO_INVOICE must be true or false", "WHMCS_NO_EMAIL must be true or false",
                "WHMCS_CUSTOMER_NO_FIELD must be a whole number from 1 to 2147483647",
                "SF_ERROR_MESSAGE_LENGTH must be a whole number from 80 to 131072",
                "WHMCS_AUTO_SETUP must be product, true or false",
                "WHMCS_SETUP_TIME must be a whole number from 0 to 604800",
                "WHMCS_QUIET_TIME must be a whole number from 0 to 86400",
                "RETRY_DELAY must be a whole number from 0 to 3600",
                "MAX_ATTEMPTS must be a whole number from 1 to 1000",
                "SF_FIELD_STATUS must be the API name of a field",
                "SF_FIELD_SERVICE_ID must be the API name of a field",
                "SF_FIELD_DOMAIN must be the API name of a field",
                "SF_FIELD_CUSTOMER_NO must be the API name of a field",
            ])
    }

    @Test(
        "The order's currency is read where Salesforce's prices count and the org's is not given",
        arguments: [
            ([:], nil, nil), (["WHMCS_PRICE_FROM_SALESFORCE": "true"], nil, "CurrencyIsoCode"),
            (["WHMCS_PRICE_FROM_SALESFORCE": "true", "SF_CURRENCY": " eur "], "EUR", nil),
            (["SF_CURRENCY": "EUR"], "EUR", nil),
        ] as [([String: String], String?, String?)])
    func currency(_ values: [String: String], _ currency: String?, _ field: String?) {
        let settings = ProvisioningSettings.valid(values)
        #expect((settings.currency, settings.fields.currency) == (currency, field))
    }

    @Test(
        "An API version is v, a number of two or three digits, and .0",
        arguments: [
            ("v66.0", true), ("v100.0", true), ("v6.0", false), ("v1000.0", false), ("v66", false), ("66.0", false),
            ("v66.1", false), ("v.0", false), ("v0", false), ("v-66.0", false), ("v6x.0", false), ("v٦٦.0", false),
            ("V66.0", false), ("v66.0/query", false),
        ])
    func apiVersion(_ text: String, _ isValid: Bool) {
        let faults = Self.faults(
            { _ = ProvisioningSettings(&$0) }, Self.provisioning.merging(["SF_API_VERSION": text]) { $1 })
        #expect(faults == (isValid ? [] : ["SF_API_VERSION must be like v66.0"]))
    }

    // MARK: refresh-sf-token

    private static let refresh = [
        "LEDGER_TABLE": "t",
        "SF_ACCESS_TOKEN_PARAMETER": "/t", "SF_LOGIN_URL": "https://acme.my.salesforce.com", "SF_CLIENT_ID": "id",
    ]

    @Test(
        "refresh-sf-token needs the variables of its flow",
        arguments: [
            (["SF_USERNAME": "u", "SF_PRIVATE_KEY_PARAMETER": "/k"], []),
            (["SF_USERNAME": "u", "SF_PRIVATE_KEY_PATH": "/k.pem"], []),
            (["SF_AUTH_FLOW": "client-credentials", "SF_CLIENT_SECRET_PARAMETER": "/c"], []),
            (
                ["SF_AUTH_FLOW": "client-credentials", "SF_USERNAME": "u", "SF_PRIVATE_KEY_PARAMETER": "/k"],
                ["SF_CLIENT_SECRET_PARAMETER is not set"]
            ),
            (
                [:],
                [
                    "SF_PRIVATE_KEY_PARAMETER is not set, nor is SF_PRIVATE_KEY_PATH", "SF_USERNAME is not set",
                ]
            ),
            (
                [
                    "SF_AUTH_FLOW": "password", "LEDGER_TABLE": "", "SF_ACCESS_TOKEN_PARAMETER": "",
                    "SF_LOGIN_URL": "acme",
                    "SF_CLIENT_ID": "",
                    "SF_TOKEN_LIFETIME": "60",
                ],
                [
                    "LEDGER_TABLE is not set", "SF_ACCESS_TOKEN_PARAMETER is not set",
                    "SF_LOGIN_URL must be an https URL without a user name",
                    "SF_CLIENT_ID is not set", "SF_TOKEN_LIFETIME must be a whole number from 900 to 86400",
                    "SF_AUTH_FLOW must be jwt-bearer or client-credentials",
                    "SF_PRIVATE_KEY_PARAMETER is not set, nor is SF_PRIVATE_KEY_PATH", "SF_USERNAME is not set",
                ]
            ),
        ] as [([String: String], [String])])
    func refreshFaults(_ values: [String: String], _ faults: [String]) {
        #expect(Self.faults({ _ = TokenRefresh.Settings(&$0) }, Self.refresh.merging(values) { $1 }) == faults)
    }

    @Test("refresh-sf-token has defaults") func refreshDefaults() {
        let more = ["SF_USERNAME": "u", "SF_PRIVATE_KEY_PARAMETER": "/k"]
        var environment = Environment(Self.refresh.merging(more) { $1 })
        let settings = TokenRefresh.Settings(&environment)
        #expect(environment.faults == [])
        #expect(settings.lifetime == 7200)
    }

    // MARK: recover-orders

    @Test("recover-orders has defaults") func recoveryDefaults() {
        var environment = Environment(["LEDGER_TABLE": "t", "EVENT_BUS_NAME": "b"])
        let settings = Recovery.Settings(&environment)
        #expect((settings.concurrency, settings.reconciliation == nil) == (5, true))
    }

    @Test(
        "recover-orders needs Salesforce's variables only for reconciliation",
        arguments: [
            (["SF_FIELD_STATUS": "a..b"], []),
            (
                ["LEDGER_TABLE": "", "EVENT_BUS_NAME": " ", "ORDER_QUEUE_URL": ""],
                ["LEDGER_TABLE is not set", "EVENT_BUS_NAME is not set", "ORDER_QUEUE_URL is not set"]
            ),
            (["SF_RECONCILE": "yes"], ["SF_RECONCILE must be true or false"]),
            (["WHMCS_CONCURRENCY": "40"], []),
            (["WHMCS_CONCURRENCY": "1"], ["WHMCS_CONCURRENCY must be a whole number from 2 to 1000"]),
            (
                [
                    "SF_RECONCILE": "true", "SF_ACCESS_TOKEN_PARAMETER": "/t", "SF_REFRESH_FUNCTION": "refresh",
                    "SF_PROVISIONABLE_STATUSES": "Approved", "SF_FIELD_STATUS": "Order_Status__c",
                    "SF_RECONCILE_SINCE": "2026-11-20",
                ], []
            ),
            (
                ["SF_RECONCILE": "true", "SF_FIELD_STATUS": "a..b", "PORTAL_PRICEBOOK_ID": "standard"],
                [
                    "SF_ACCESS_TOKEN_PARAMETER is not set", "SF_REFRESH_FUNCTION is not set",
                    "SF_PROVISIONABLE_STATUSES is not set; * allows any status", "SF_RECONCILE_SINCE is not set",
                    "PORTAL_PRICEBOOK_ID must be a Salesforce id",
                    "SF_FIELD_STATUS must be the API name of a field",
                ]
            ),
        ] as [([String: String], [String])])
    func recoveryFaults(_ values: [String: String], _ faults: [String]) {
        let all = ["LEDGER_TABLE": "t", "EVENT_BUS_NAME": "b", "ORDER_QUEUE_URL": "q"].merging(values) { $1 }
        #expect(Self.faults({ _ = Recovery.Settings(&$0) }, all) == faults)
    }

    @Test(
        "Reconciliation begins with a day in UTC, or a time with its zone",
        arguments: [
            ("2026-11-20", 1_795_132_800_000), ("2026-11-20T10:15:30Z", 1_795_169_730_000),
            (" 2026-11-20T19:15:30+09:00 ", 1_795_169_730_000),
            // A number could be seconds, or a day without hyphens.
            ("1795169730", nil), ("20261120", nil), ("2026-02-30", nil), ("2026-11-20T10:15:30", nil),
            ("999999999-1-1-1-1-1Z", nil), ("99999-1-1-", nil), ("yesterday", nil), ("-", nil),
        ] as [(String, Int?)])
    func reconciledSince(_ text: String, _ milliseconds: Int?) {
        var environment = Environment([
            "LEDGER_TABLE": "t", "EVENT_BUS_NAME": "b", "ORDER_QUEUE_URL": "q", "SF_RECONCILE": "true",
            "SF_ACCESS_TOKEN_PARAMETER": "/t",
            "SF_REFRESH_FUNCTION": "refresh", "SF_PROVISIONABLE_STATUSES": "*", "SF_RECONCILE_SINCE": text,
        ])
        let settings = Recovery.Settings(&environment)
        guard let milliseconds else {
            let rule = "must be a day like 2026-11-20, or a time like 2026-11-20T10:15:30Z"
            return #expect(environment.faults == ["SF_RECONCILE_SINCE \(rule)"])
        }
        #expect(environment.faults == [])
        #expect(settings.reconciliation?.since.milliseconds == milliseconds)
    }

    // MARK: The approval

    @Test(
        "The approving statuses are named, or * alone allows any",
        arguments: [
            ("Approved", .named(["Approved"]), []), ("*", .any, []), (" * , ", .any, []),
            ("", .named([]), ["SF_PROVISIONABLE_STATUSES is not set; * allows any status"]),
            (",", .named([]), ["SF_PROVISIONABLE_STATUSES is not set; * allows any status"]),
            (
                "Approved,*", .named(["Approved", "*"]),
                ["SF_PROVISIONABLE_STATUSES must be * alone, or statuses separated by commas"]
            ),
        ] as [(String, ProvisionableStatuses, [String])])
    func statuses(_ text: String, _ statuses: ProvisionableStatuses, _ faults: [String]) {
        var environment = Environment(["SF_PROVISIONABLE_STATUSES": text])
        #expect(ProvisionableStatuses(&environment) == statuses)
        #expect(environment.faults == faults)
    }

    // MARK: order-status

    @Test("order-status reports all faults") func statusFaults() {
        let read: (inout Environment) -> Void = { _ = OrderStatus.Settings(&$0) }
        let all = ["LEDGER_TABLE": "t", "EVENT_BUS_NAME": "b", "SF_WEBHOOK_SECRET_PARAMETER": "/s"]
        #expect(Self.faults(read, all) == [])
        #expect(
            Self.faults(read, [:]) == [
                "SF_WEBHOOK_SECRET_PARAMETER is not set", "LEDGER_TABLE is not set", "EVENT_BUS_NAME is not set",
            ])
    }
}
