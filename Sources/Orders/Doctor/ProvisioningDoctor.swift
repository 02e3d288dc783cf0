import AWS
import HTTP
import JSON
import Salesforce
import WHMCS

/// provision-order looks at everything that it needs, and changes nothing: it takes no lease, writes no item, and requests no
/// token. Checks that do not need each other are made together.
struct ProvisioningDoctor {
    let context: ProgramContext<ProvisioningSettings>
    let http: HTTPClient

    private var settings: ProvisioningSettings { context.settings }

    func checks(_ request: DoctorRequest) -> [Check] {
        let parameters = Parameters(settings, context.parameterStore(http), http)
        guard case .all = request else { return parameters.faults + catalogue(parameters) }
        let sides = http.together([resources, { salesforce(parameters) }, { whmcs(parameters) }])
        return parameters.checks + sides + catalogue(parameters)
    }

    /// The alert of the daily look at the catalogue.
    static func alert(_ checks: [Check]) -> Alert? {
        guard checks.contains(where: { $0.isOK == false }) else { return nil }
        let isCompared = checks.contains { $0.name.hasPrefix("catalogue: ") }
        return isCompared ? .catalogueDrifted : .catalogueNotCompared
    }

    private func resources() -> [Check] {
        let ledger = Ledger(context.table(settings.ledgerTable, http), now: http.now)
        let queue: [() -> [Check]] =
            settings.orderQueueURL.map { url in
                [{ [.orderQueue(context.queue(url, http))] }]
            } ?? []
        return http.together([{ [.ledger(ledger, reads: true, writing: ItemKey.nothing)] }] + queue)
    }

    private func salesforce(_ parameters: Parameters) -> [Check] {
        guard let client = parameters.salesforce else {
            return [.notChecked("Salesforce", "there is no token to ask with")]
        }
        return SalesforceChecks(settings: settings, salesforce: client, http: http).checks()
    }

    private func whmcs(_ parameters: Parameters) -> [Check] {
        guard let (client, hasAccessKey) = parameters.whmcs else {
            return [.notChecked("WHMCS", "there are no credentials to ask with")]
        }
        return WHMCSChecks(settings: settings, whmcs: client, hasAccessKey: hasAccessKey, http: http).checks()
    }

    private func catalogue(_ parameters: Parameters) -> [Check] {
        guard let salesforce = parameters.salesforce, let (whmcs, _) = parameters.whmcs else {
            return [.notChecked("catalogue", "it needs Salesforce's token and WHMCS's credentials")]
        }
        return CatalogueChecks(settings: settings, salesforce: salesforce, whmcs: whmcs).checks()
    }
}

/// The token and the credentials as they are stored now, and the clients that they make.
private struct Parameters {
    let checks: [Check]
    let salesforce: SalesforceClient?
    let whmcs: (client: WHMCSClient, hasAccessKey: Bool)?

    var faults: [Check] { checks.filter { $0.isOK == false } }

    init(_ settings: ProvisioningSettings, _ store: ParameterStore, _ http: HTTPClient) {
        let names = [settings.salesforce.tokenParameter, settings.credentialsParameter]
        let values: [String: String]
        do { values = try store.get(names) } catch {
            checks = [.failed("parameters", Problem(error))]
            (salesforce, whmcs) = (nil, nil)
            return
        }
        let (tokenCheck, token) = Check.token(values[names[0]], now: http.now())
        salesforce = token.map { token in
            // The doctor requests no token: where Salesforce refuses this one, it says so.
            SalesforceClient(http: http, apiVersion: settings.salesforce.apiVersion, token: { token }) {
                _ throws(SalesforceFailure) in throw .sessionInvalid
            }
        }
        var client: (WHMCSClient, Bool)?
        let credentialsCheck = Check("WHMCS credentials") {
            guard let value = values[names[1]] else {
                throw WHMCSFailure.noCredentials("WHMCS_CREDENTIALS_PARAMETER names a parameter that does not exist")
            }
            let credentials = try Credentials(parameterValue: value)
            client = (
                WHMCSClient(http: http, url: settings.whmcsURL, credentials: credentials), credentials.hasAccessKey
            )
            return nil
        }
        whmcs = client
        checks = [tokenCheck, credentialsCheck]
    }
}
