import HTTP
import TestSupport

extension Request {
    /// What an AWS service is asked to do, `TransactWriteItems`; empty for all others.
    var action: String {
        String((header("X-Amz-Target") ?? "").split(separator: ".").last ?? "")
    }

    /// Whether it tells Salesforce that status.
    func tells(_ status: String) -> Bool { method == "PATCH" && text.contains("\"\(status)\"") }

    /// What WHMCS is asked to do; empty for all others.
    var whmcsAction: String {
        guard url.hasSuffix("/includes/api.php") else { return "" }
        return String(text.dropFirst("action=".count).prefix { $0 != "&" })
    }
}
