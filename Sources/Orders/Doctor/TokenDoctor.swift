import Basics
import Crypto
import HTTP
import Salesforce

/// refresh-sf-token looks at everything that it needs, and stores nothing: the token that it requests is thrown away. Salesforce
/// may return the token that is in use, so it is not revoked either.
struct TokenDoctor {
    let settings: TokenRefresh.Settings
    let ledger: Ledger
    let http: HTTPClient
    /// Reads the key or the secret, and makes the grant.
    let grant: () throws -> Grant

    func checks() -> [Check] {
        http.together([{ [.ledger(ledger, reads: false, writing: ItemKey.token)] }, login])
    }

    private func login() -> [Check] {
        let name = "Salesforce key or secret"
        do {
            let grant = try grant()
            if case .jwtBearer(_, _, _, let key) = grant { _ = try rs256(message: [], privateKeyPEM: key) }
            return [.passed(name, "for the flow \(grant)")] + request(grant)
        } catch {
            let help =
                "Store the app's PEM key (jwt-bearer) or consumer secret (client-credentials) in the parameter that"
                + " SF_PRIVATE_KEY_PARAMETER or SF_CLIENT_SECRET_PARAMETER names."
            let problem = Problem(error)
            return [
                .failed(name, Problem(problem.detail, help: problem.help ?? help)),
                .notChecked("Salesforce login", "there is nothing to log in with"),
            ]
        }
    }

    private func request(_ grant: Grant) -> [Check] {
        let (login, organization) = ("Salesforce login", "Salesforce organization")
        do throws(SalesforceFailure) {
            let token = try grant.requestToken(
                loginURL: settings.loginURL, organization: settings.organization, http: http)
            let text = settings.organization == nil ? "any: SF_ORGANIZATION_ID is not set" : nil
            return [.passed(login, "the instance is \(token.instanceURL)"), .passed(organization, text)]
        } catch  where error == .anotherOrganization {
            let help =
                "Log in to the organization that SF_ORGANIZATION_ID names: check it, SF_LOGIN_URL and SF_USERNAME."
            return [.passed(login), .failed(organization, Problem("\(error)", help: help))]
        } catch {
            return [.failed(login, Problem(error)), .notChecked(organization, "there is no token to look at")]
        }
    }
}
