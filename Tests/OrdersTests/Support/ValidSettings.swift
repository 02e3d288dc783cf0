import Lambda

@testable import Orders

extension ProvisioningSettings {
    /// The variables of a valid configuration.
    static let validVariables = [
        "LEDGER_TABLE": "t", "SF_ACCESS_TOKEN_PARAMETER": "/t", "SF_REFRESH_FUNCTION": "refresh",
        "WHMCS_API_URL": "https://billing.example.com/includes/api.php", "WHMCS_CREDENTIALS_PARAMETER": "/c",
        "WHMCS_PAYMENT_METHOD": "mailin", "SF_PROVISIONABLE_STATUSES": "*",
    ]

    /// - Parameter values: replace or add variables.
    static func valid(_ values: [String: String] = [:]) -> ProvisioningSettings {
        var environment = Environment(validVariables.merging(values) { $1 })
        return ProvisioningSettings(&environment)
    }
}
