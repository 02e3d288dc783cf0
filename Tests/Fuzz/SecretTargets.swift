import Crypto

@testable import Orders
@testable import Salesforce
@testable import WHMCS

/// What an operator stores in Parameter Store.
let secretTargets = [
    Target("pem") { bytes in
        let signature = try rs256(message: [1, 2, 3], privateKeyPEM: text(bytes))
        precondition(signature.count >= 256)
    },
    Target("parameters") { bytes in
        if let token = try? Token(parameterValue: text(bytes)) {
            precondition((try? Token(parameterValue: token.parameterValue)) == token)
        }
        _ = try? Credentials(parameterValue: text(bytes)).form
        _ = try? WebhookSecrets(parameterValue: text(bytes), isTestbed: false).verify(bytes, of: bytes)
    },
]
