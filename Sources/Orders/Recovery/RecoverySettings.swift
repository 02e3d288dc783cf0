import Basics
import Lambda
import Salesforce

extension Recovery {
    struct Settings: ProgramSettings {
        var ledgerTable: String
        var busName: String
        /// Of the order queue.
        var queueURL: String
        /// How many runs of provision-order the order queue starts at once.
        var concurrency: Int
        var alerts: Alerts.Settings
        /// Nil when reconciliation is off.
        var reconciliation: Reconciliation.Settings?

        init(_ environment: inout Environment) {
            ledgerTable = environment.text("LEDGER_TABLE")
            busName = environment.text("EVENT_BUS_NAME")
            queueURL = environment.text("ORDER_QUEUE_URL")
            concurrency = environment.integer("WHMCS_CONCURRENCY", default: 5, in: 2...1000)
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
        var statuses: ProvisionableStatuses
        /// Orders created earlier were never this suite's.
        var since: Timestamp
        var pricebookID: RecordID?
        var statusField: String

        init(_ environment: inout Environment) {
            salesforce = SalesforceSettings(&environment)
            statuses = ProvisionableStatuses(&environment)
            since = environment.time("SF_RECONCILE_SINCE")
            pricebookID = environment.salesforceID("PORTAL_PRICEBOOK_ID")
            statusField = environment.fieldName("SF_FIELD_STATUS", default: SalesforceFields().status)
        }
    }
}

extension Environment {
    /// A day, which begins in UTC, or a time with its zone.
    fileprivate mutating func time(_ name: String) -> Timestamp {
        let text = self.text(name)
        let isDay = text.utf8.count == 10
        // A number could be seconds or a day without hyphens.
        if text.contains("-"), let time = Timestamp(isDay ? text + "T00:00:00Z" : text) { return time }
        if !text.isEmpty { fault(name, "must be a day like 2026-11-20, or a time like 2026-11-20T10:15:30Z") }
        return Timestamp(milliseconds: 0)
    }
}
