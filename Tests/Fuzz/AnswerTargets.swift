import AWS
import Basics
import HTTP
import JSON
import Lambda

@testable import Orders
@testable import Salesforce
@testable import WHMCS

private let order = RecordID("801Dn0000014UPa")

/// What Salesforce, WHMCS and AWS answer.
let answerTargets = [
    Target("salesforce") { bytes in
        guard let order,
            let token = Token(accessToken: "t", instanceURL: "https://a.my.salesforce.com", issuedAt: HTTPClient.start)
        else { preconditionFailure() }
        func client() -> SalesforceClient {
            SalesforceClient(
                http: .answering(bytes), apiVersion: "v66.0", token: { () throws(SalesforceFailure) in token },
                renewed: { _ throws(SalesforceFailure) in token })
        }
        let settings = ProvisioningSettings.fuzzed
        _ = try? client().order(order, settings.fields)
        failures { () throws(SalesforceFailure) in try client().updateOrder(order, ["a": "b"]) }
        failures { () throws(SalesforceFailure) in
            try client().update(order: order, ["a": "b"], items: [(order, ["c": "d"])])
        }
        let grant = Grant.clientCredentials(clientId: "c", secret: "s")
        failures { () throws(SalesforceFailure) in
            let token = try grant.requestToken(loginURL: "https://login.salesforce.com", http: .answering(bytes))
            precondition((try? Token(parameterValue: token.parameterValue)) == token)
        }
    },
    Target("whmcs") { bytes in
        let credentials = try Credentials(parameterValue: #"{"identifier":"i","secret":"s"}"#)
        for read in whmcsReads {
            let client = WHMCSClient(
                http: .answering(bytes), url: "https://whmcs.example/includes/api.php", credentials: credentials)
            do { try read(client) } catch let failure as WHMCSFailure {
                _ = (ProvisioningFailure(failure).description, failure.isRetryable, failure.outcomeUnknown)
            }
        }
    },
    Target("plan") { bytes in
        guard let order,
            let token = Token(accessToken: "t", instanceURL: "https://a.my.salesforce.com", issuedAt: HTTPClient.start)
        else { preconditionFailure() }
        let http = HTTPClient.answering(bytes)
        let planner = Planner(
            settings: .fuzzed,
            salesforce: SalesforceClient(
                http: http, apiVersion: "v66.0", token: { () throws(SalesforceFailure) in token },
                renewed: { _ throws(SalesforceFailure) in token }),
            whmcs: {
                WHMCSClient(
                    http: http, url: "https://whmcs.example/includes/api.php",
                    credentials: try Credentials(parameterValue: #"{"identifier":"i","secret":"s"}"#))
            }, http: http)
        let source = try planner.order(order, known: nil) { _ in }
        let mapping = try planner.mapping(of: source) { _ in }
        _ = mapping.faults(mapping.lines(source.items))
        let plan = try mapping.plan(source.items)
        _ = plan.cart(.fuzzed, marker: Marker(order, reference: "r"))
    },
    Target("ledger") { bytes in
        guard let order else { return }
        let account = Account(["AWS_REGION": "r", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"])
        let http = HTTPClient.answering(bytes)
        let ledger = Ledger(Table("t", account, http), now: { HTTPClient.start })
        _ = try? ledger.order(order)
        _ = try? Breakers(ledger)
        _ = try? ledger.lease(
            ProvisionRequested(orderID: order, requestNumber: 1, correlationID: "c", requestedAt: HTTPClient.start),
            owner: "o", until: HTTPClient.start + 60_000)
        _ = try? ParameterStore(account, .answering(bytes)).get(["/a"])
        _ = EventBus("b", account, .answering(bytes)).put(source: "s", detailType: "d", details: [["a": 1], ["b": 2]])
        _ = try? Queue("https://q", account, .answering(bytes)).waitingMessages()
    },
]

private let whmcsReads: [@Sendable (WHMCSClient) throws -> Void] = [
    { _ = try $0.clientDetails(7)?.isClosed }, { _ = try $0.hasPayMethod(clientId: 7) },
    { client in
        for product in try client.products([1, 185]).values {
            _ = product.price(.monthly, in: "EUR")
            for option in product.configOptions { _ = option.fault("1") }
        }
    },
    { _ = try $0.orders(clientId: 7) }, { _ = try $0.order(1)?.isPending }, { _ = try $0.someOrders(clientId: 7) },
    { _ = try $0.services(clientId: 7) }, { _ = try $0.services(clientId: 7, ids: [1, 2, 3]) },
    { _ = try $0.failedActions(serviceIds: [1]) }, { _ = try $0.failedActions(serviceIds: [1, 2]) },
    { _ = try $0.addOrder(Cart(clientId: 7, paymentMethod: "m", lines: [], notes: "n")) },
    { try $0.acceptOrder(1) }, { try $0.cancelOrder(1) },
]

private func failures(_ body: () throws(SalesforceFailure) -> Void) {
    do { try body() } catch { _ = (ProvisioningFailure(error).description, error.isOutage, error.isReadOnly) }
}

extension ProvisioningSettings {
    /// All fields are in use.
    fileprivate static let fuzzed: ProvisioningSettings = {
        var environment = Environment([
            "LEDGER_TABLE": "t", "SF_ACCESS_TOKEN_PARAMETER": "/t", "SF_REFRESH_FUNCTION": "refresh",
            "WHMCS_API_URL": "https://whmcs.example/includes/api.php", "WHMCS_CREDENTIALS_PARAMETER": "/c",
            "WHMCS_PAYMENT_METHOD": "client", "SF_PROVISIONABLE_STATUSES": "*", "WHMCS_MARKER_FIELD": "Order",
            "WHMCS_PRICE_FROM_SALESFORCE": "true", "SF_FIELD_DOMAIN": "Domain__c", "SF_FIELD_HOSTNAME": "Host__c",
            "SF_FIELD_CONFIG_OPTIONS": "Options__c", "SF_FIELD_CUSTOM_FIELDS": "Fields__c",
            "WHMCS_CUSTOMER_NO_FIELD": "3",
        ])
        return ProvisioningSettings(&environment)
    }()
}
