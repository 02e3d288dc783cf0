import HTTP
import TestSupport
import Testbed

extension Request {
    /// The AWS action, such as `TransactWriteItems`; empty for other requests.
    var action: String {
        String((header("X-Amz-Target") ?? "").split(separator: ".").last ?? "")
    }

    /// Whether it writes that status to Salesforce.
    func reports(_ status: String) -> Bool { method == "PATCH" && text.contains("\"\(status)\"") }

    /// The WHMCS action; empty for other requests.
    var whmcsAction: String {
        guard url.hasSuffix("/includes/api.php") else { return "" }
        return String(text.dropFirst("action=".count).prefix { $0 != "&" })
    }

    /// A field of the form in the body.
    func formField(_ name: String) -> String? { formFields(text)[name] }
}
