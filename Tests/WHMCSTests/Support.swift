import TestSupport
import WHMCS

extension FakeHTTPClient {
    var whmcs: WHMCSClient {
        get throws { try whmcs(credentials: #"{"identifier":"id","secret":"s"}"#) }
    }

    func whmcs(credentials: String) throws -> WHMCSClient {
        WHMCSClient(
            http: client, url: "https://billing.example/includes/api.php",
            credentials: try Credentials(parameterValue: credentials))
    }

    /// The bodies that were sent, without the part that all share.
    var sent: [String] {
        requests.map { $0.text.replacing("&identifier=id&secret=s&responsetype=json", with: "") }
    }
}

/// The failure that `body` throws.
func failure(_ body: () throws -> Void) -> WHMCSFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? WHMCSFailure
    }
}
