import AWS
import Foundation
import JSON

/// The secrets of a testbed. None of them opens anything else.
public enum TestbedSecrets {
    /// Signs webhook requests, the samples in events/ too.
    public static let webhook = "local-webhook-secret-do-not-use-elsewhere"

    static let salesforceClientId = "local-client-id"
    static let salesforceUsername = "integration@example.com"
    static let salesforceClientSecret = "local-client-secret"
    static let whmcsIdentifier = "local-identifier"
    static let whmcsSecret = "local-secret"

    /// The values that no log may contain.
    public static let all = [webhook, salesforceClientSecret, whmcsIdentifier, whmcsSecret]

    /// An RSA key pair. Every testbed generates its own.
    struct KeyPair: Sendable {
        var privateKeyPEM: String
        var publicKeyPEM: String

        static func generate() throws(TestbedFailure) -> KeyPair {
            let file = NSTemporaryDirectory() + "testbed-key-\(UUID().uuidString).pem"
            defer { unlink(file) }
            // openssl makes the file readable for its owner only.
            _ = try runToEnd(
                "/usr/bin/openssl",
                ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file])
            let publicKey = try runToEnd("/usr/bin/openssl", ["pkey", "-in", file, "-pubout"])
            guard let privateKey = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw TestbedFailure("openssl wrote no key to \(file).")
            }
            return KeyPair(privateKeyPEM: privateKey, publicKeyPEM: publicKey + "\n")
        }
    }

    /// Writes them to the parameters that the functions read; the functions' variables name these.
    static func store(
        _ key: KeyPair, for resources: TemplateResources, in account: AWS.Account
    ) throws(TestbedFailure) {
        let store = ParameterStore(account, .live())
        let credentials: JSON = ["identifier": .string(whmcsIdentifier), "secret": .string(whmcsSecret)]
        let values = [
            "SF_WEBHOOK_SECRET_PARAMETER": webhook,
            "SF_PRIVATE_KEY_PARAMETER": key.privateKeyPEM,
            "SF_CLIENT_SECRET_PARAMETER": salesforceClientSecret,
            "WHMCS_CREDENTIALS_PARAMETER": String(decoding: credentials.bytes, as: UTF8.self),
        ]
        for (variable, value) in values {
            try put(try resources.value(of: variable), value, in: store)
        }
    }

    /// moto loads Parameter Store at the first call. On a busy machine that takes longer than the client waits.
    private static func put(_ name: String, _ value: String, in store: ParameterStore) throws(TestbedFailure) {
        let deadline = Date(timeIntervalSinceNow: 30)
        while true {
            do {
                return try store.put(name, value, policies: [])
            } catch {
                guard Date() < deadline else {
                    throw TestbedFailure("moto did not store the secret \(name): \(error)")
                }
            }
        }
    }
}
