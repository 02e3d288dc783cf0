import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce
import WHMCS

/// provision-order: brings one order from the ledger into WHMCS and tells Salesforce.
public struct Provisioning: Program {
    private let settings: ProvisioningSettings
    private let account: Account
    private let http: HTTPClient
    private let log: Log
    private let parameters = ParameterCache()
    private let memory = Install.Memory()

    public init(_ settings: ProvisioningSettings, _ account: Account, _ http: HTTPClient, _ log: Log) {
        self.settings = settings
        self.account = account
        self.http = http
        self.log = log
    }

    /// The parameters, and a connection to the table. None to Salesforce, whose address comes with the token. None to
    /// WHMCS either: a connection is only of use after a request on it, which there would be another run of PHP, or to
    /// its firewall a robot, for a tenth of a second of an order's minutes.
    ///
    /// A parameter that is not there is the order's failure, as it always is. An init error would be told to the
    /// dead-letter queue, and the order would never hear of it.
    public func warmUp(_ http: HTTPClient) throws {
        _ = try readParameters(http.preconnecting(to: [Table(settings.ledgerTable, account, http).preconnect]))
    }

    /// Provisions the order of one event, as far as it goes. What happens to the order is in the ledger; only an event
    /// that cannot be read, or a ledger that does not answer, is an error of the invocation.
    public func handle(_ invocation: Invocation) throws -> [UInt8] {
        let request = try read(invocation)
        let log = log.with([
            "requestId": .string(invocation.requestID), "orderId": .string(request.orderID.text),
            "correlationId": .string(request.correlationID),
        ])
        let ledger = Ledger(
            Table(settings.ledgerTable, account, http.until(invocation.deadline - 200)), now: http.now)
        // Lambda's retries of an event keep its request id, and two of them must not share a lease.
        let owner = "\(invocation.requestID)/\(UInt64.random(in: .min ... .max))"
        switch try ledger.lease(request, owner: owner, until: invocation.deadline) {
        case .refused(let order):
            log.info("nothing to do", ["status": .string(order.status.rawValue)])
            return answer(order)
        case .taken(let lease):
            return answer(try run(lease, ledger, invocation, log))
        }
    }

    /// An event that cannot be read fails as often as it is tried, and ends in the dead-letter queue with its reason.
    private func read(_ invocation: Invocation) throws -> ProvisionRequested {
        do {
            return try ProvisionRequested(invocation, now: http.now())
        } catch {
            alerts(http).raise("An event cannot be read and goes to the dead-letter queue: \(error.message)")
            throw error
        }
    }

    private func alerts(_ http: HTTPClient) -> Alerts {
        Alerts(settings: settings.alerts, account: account, http: http, log: log)
    }

    private func run(_ lease: Lease, _ ledger: Ledger, _ invocation: Invocation, _ log: Log) throws -> LedgerOrder {
        // What is left after this is for writing down how it ended.
        let time = invocation.deadline - http.now()
        let http = http.until(invocation.deadline - min(2_000, time / 10))
        var road = Road(
            lease: lease, settings: settings, salesforce: settings.salesforce.client(account, http, parameters),
            http: http, whmcs: { try whmcs(http) },
            install: Install(url: settings.whmcsURL, ledger: ledger, memory: memory), alerts: alerts(http), log: log,
            latestStart: invocation.deadline - time / 4)
        try road.travel()
        return road.order
    }

    private func whmcs(_ http: HTTPClient) throws -> WHMCSClient {
        guard let value = try readParameters(http)[settings.credentialsParameter] else {
            throw ProvisioningFailure(
                .provisioningError, "WHMCS_CREDENTIALS_PARAMETER names a parameter that does not exist")
        }
        return WHMCSClient(
            http: http, url: settings.whmcsURL, credentials: try Credentials(parameterValue: value))
    }

    /// WHMCS's and Salesforce's: one call reads both.
    private func readParameters(_ http: HTTPClient) throws -> [String: String] {
        try parameters.get(
            [settings.credentialsParameter, settings.salesforce.tokenParameter], from: ParameterStore(account, http),
            now: http.now())
    }

    private func answer(_ order: LedgerOrder) -> [UInt8] {
        JSON.object(["orderId": .string(order.id.text), "status": .string(order.status.rawValue)]).bytes
    }
}
