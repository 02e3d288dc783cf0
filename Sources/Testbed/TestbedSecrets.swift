import AWS
import Foundation
import JSON

/// The secrets of a testbed. None of them is good for anything else.
public enum LocalSecrets {
    /// Signs webhooks; the samples under events/ are signed with it.
    public static let webhook = "local-webhook-secret-do-not-use-elsewhere"

    static let sfClientId = "local-client-id"
    static let sfUsername = "integration@example.com"
    static let sfClientSecret = "local-client-secret"
    static let whmcsIdentifier = "local-identifier"
    static let whmcsSecret = "local-secret"

    /// Those that no log may show.
    public static let all = [webhook, sfClientSecret, whmcsIdentifier, whmcsSecret]

    /// An RSA key, made afresh for each stack.
    struct KeyPair: Sendable {
        var privateKeyPEM: String
        var publicKeyPEM: String

        static func generate() throws(Stack.Failure) -> KeyPair {
            let file = NSTemporaryDirectory() + "testbed-key-\(UUID().uuidString).pem"
            defer { unlink(file) }
            // openssl makes the file readable for its owner only.
            _ = try run(
                "/usr/bin/openssl",
                ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file])
            let publicKey = try run("/usr/bin/openssl", ["pkey", "-in", file, "-pubout"])
            guard let privateKey = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw Stack.Failure("openssl wrote no key to \(file).")
            }
            return KeyPair(privateKeyPEM: privateKey, publicKeyPEM: publicKey + "\n")
        }
    }

    /// Puts them where the template's functions look.
    static func put(_ key: KeyPair, to account: AWS.Account) throws(Stack.Failure) {
        let store = ParameterStore(account, .live())
        let credentials: JSON = ["identifier": .string(whmcsIdentifier), "secret": .string(whmcsSecret)]
        let values = [
            "/orders/salesforce/webhook-secret": webhook,
            "/orders/salesforce/private-key": key.privateKeyPEM,
            "/orders/salesforce/client-secret": sfClientSecret,
            "/orders/whmcs/credentials": String(decoding: credentials.bytes, as: UTF8.self),
        ]
        for (name, value) in values {
            do {
                try store.put(name, value, policies: [])
            } catch {
                throw Stack.Failure("The local secret \(name) can't be stored: \(error)")
            }
        }
    }
}
