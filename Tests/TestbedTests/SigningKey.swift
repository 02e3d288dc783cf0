import Foundation
import TestSupport

/// An RSA key that the openssl program makes and uses, so that the simulator is not checked against itself.
struct SigningKey {
    let publicKeyPEM: String
    private let privateKeyPEM: String

    init() throws {
        privateKeyPEM = try Program.openssl.text(["genrsa", "2048"])
        publicKeyPEM = try Program.openssl.text(["rsa", "-pubout"], input: privateKeyPEM)
    }

    /// A JWT with that header and those claims, both JSON.
    func jwt(claims: String, header: String = #"{"alg":"RS256"}"#) throws -> String {
        let signed = "\(base64URL(Array(header.utf8))).\(base64URL(Array(claims.utf8)))"
        // openssl reads the data from standard input, and the key from a file.
        let directory = try TemporaryDirectory()
        let key = try directory.file("key.pem", Array(privateKeyPEM.utf8))
        let signature = try Program.openssl.run(["dgst", "-sha256", "-sign", key], input: Array(signed.utf8))
        return "\(signed).\(base64URL(signature))"
    }

    private func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
