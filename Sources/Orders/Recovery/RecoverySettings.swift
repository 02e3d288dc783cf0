import Lambda
import Salesforce

extension Recovery {
    struct Settings: ProgramSettings {
        var ledgerTable: String
        var busName: String
        var alerts: Alerts.Settings
        /// Nil when reconciliation is off.
        var reconciliation: Reconciliation.Settings?

        init(_ environment: inout Environment) {
            ledgerTable = environment.text("LEDGER_TABLE")
            busName = environment.text("EVENT_BUS_NAME")
            alerts = Alerts.Settings(&environment)
            if environment.flag("SF_RECONCILE", default: false) {
                reconciliation = Reconciliation.Settings(&environment)
            }
        }
    }
}

extension Reconciliation {
    struct Settings: Sendable {
        var salesforce: SalesforceSettings
        var statuses: [String]
        var pricebookID: RecordID?
        var statusField: String

        init(_ environment: inout Environment) {
            salesforce = SalesforceSettings(&environment)
            // Otherwise reconciliation would provision every order of the org.
            statuses = environment.list("SF_PROVISIONABLE_STATUSES")
            if statuses.isEmpty {
                environment.fault("SF_PROVISIONABLE_STATUSES", "is not set, and SF_RECONCILE requires it")
            }
            pricebookID = environment.salesforceID("PORTAL_PRICEBOOK_ID")
            statusField = environment.text("SF_FIELD_STATUS", default: SalesforceFields().status)
            if !SOQL.isFieldPath(statusField) {
                environment.fault("SF_FIELD_STATUS", "must be the API name of a field")
            }
        }
    }
}
