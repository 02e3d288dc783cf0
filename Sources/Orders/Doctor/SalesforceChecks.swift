import HTTP
import Salesforce

/// What Salesforce lets the integration user do, and how much of its limit is left.
struct SalesforceChecks {
    let settings: ProvisioningSettings
    let salesforce: SalesforceClient
    let http: HTTPClient

    func checks() -> [Check] {
        let usage: APIUsage?
        do { usage = try salesforce.apiUsage() } catch {
            return [
                .failed("Salesforce", Problem(error)),
                .notChecked("Salesforce quota, fields and records", "Salesforce did not answer the first call"),
            ]
        }
        let fields = FieldChecks(settings: settings, salesforce: salesforce, http: http)
        return [.passed("Salesforce", "it answers with API version \(settings.salesforce.apiVersion)"), quota(usage)]
            + http.together([fields.checks, { [order()] }])
    }

    private func quota(_ usage: APIUsage?) -> Check {
        let name = "Salesforce quota"
        guard let usage else { return .notChecked(name, "Salesforce did not say how many calls are left") }
        let text = "\(usage.used) of \(usage.limit) calls in 24 hours"
        guard usage.used * 5 >= usage.limit * 4 else { return .passed(name, text) }
        return .failed(
            name,
            Problem(
                "the org has used \(text)",
                help:
                    "Find out which program uses them up (Setup, System Overview), or buy more: without calls, orders wait."
            ))
    }

    /// The way in which a run reads an order, with the newest one.
    private func order() -> Check {
        let name = "Salesforce order"
        do {
            guard let id = try salesforce.newestOrder(of: settings.pricebookID) else {
                let which = settings.pricebookID == nil ? "no order" : "no order of PORTAL_PRICEBOOK_ID"
                return .notChecked(
                    name, "the integration user sees \(which)",
                    help: "If there are orders, share them with the user: sharing settings, or View All for Order.")
            }
            return Check(name) {
                guard let order = try salesforce.order(id, settings.fields) else {
                    throw Problem("order \(id) is listed and cannot be read", help: "Share its account with the user.")
                }
                return "order \(id), lines: \(order.items.count)"
            }
        } catch { return .failed(name, Problem(error)) }
    }
}
