import Crypto
import Foundation
import TestSupport
import Testing

/// `openssl` makes the keys and verifies the signatures.
@Suite struct RS256Tests {
    private func openssl(_ arguments: String..., input: [UInt8] = []) throws -> String {
        String(decoding: try Program.openssl.run(arguments, input: input), as: UTF8.self)
    }

    private func key(bits: Int = 2048) throws -> String {
        try openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)")
    }

    private func pkcs1(_ key: String) throws -> String {
        try openssl("pkey", "-traditional", input: Array(key.utf8))
    }

    @Test("openssl verifies the signature", arguments: ["", "header.payload", String(repeating: "x", count: 100_000)])
    func openssl(_ message: String) throws {
        let pkcs8 = try key()
        let pkcs1 = try pkcs1(pkcs8)
        #expect(pkcs8.hasPrefix("-----BEGIN PRIVATE KEY"))
        #expect(pkcs1.hasPrefix("-----BEGIN RSA PRIVATE KEY"))
        let signature = try rs256(message: Array(message.utf8), privateKeyPEM: pkcs8)
        // RS256's padding is not random, so that either form of the key makes the same signature.
        #expect(try rs256(message: Array(message.utf8), privateKeyPEM: pkcs1) == signature)
        #expect(signature.count == 256)

        let directory = try TemporaryDirectory()
        let publicKey = try directory.file(
            "public.pem", Array(openssl("pkey", "-pubout", input: Array(pkcs8.utf8)).utf8))
        let signed = try directory.file("signature", signature)
        let verdict = try openssl(
            "dgst", "-sha256", "-verify", publicKey, "-signature", signed, input: Array(message.utf8))
        #expect(verdict == "Verified OK\n")
    }

    @Test("Python verifies the signature") func python() throws {
        let pem = try key(bits: 3072)
        let signature = try rs256(message: Array("a.b".utf8), privateKeyPEM: pem)
        // Raises, and so fails the test, when the signature is wrong.
        let script = """
            import sys
            from cryptography.hazmat.primitives import hashes, serialization
            from cryptography.hazmat.primitives.asymmetric import padding
            key = serialization.load_pem_private_key(sys.stdin.buffer.read(), None).public_key()
            key.verify(bytes.fromhex(sys.argv[1]), b"a.b", padding.PKCS1v15(), hashes.SHA256())
            print("verified")
            """
        let verdict = try Program.python.run(["-c", script, hex(signature)], input: Array(pem.utf8))
        #expect(verdict == Array("verified\n".utf8))
    }

    // Pasting and secret stores change a PEM so.
    @Test("A key may have Windows line ends and text around it") func pastedKey() throws {
        let pem = try key()
        let expected = try rs256(message: [1], privateKeyPEM: pem)
        #expect(try rs256(message: [1], privateKeyPEM: pem.replacingOccurrences(of: "\n", with: "\r\n")) == expected)
        #expect(try rs256(message: [1], privateKeyPEM: "Bag Attributes: <none>\n\n" + pem + "\n\n") == expected)
    }

    private static let notAKey = CryptoFailure("the private key is not an unencrypted PEM key")
    private static let notRSA = CryptoFailure("the private key is not an RSA key of 2048 bits or more")

    @Test(
        "A text that is no key is refused",
        arguments: [
            "", "\n", "garbage", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ])
    func notAKey(_ pem: String) {
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: pem) }
    }

    @Test("A public key and a cut key are refused") func partialKey() throws {
        let pem = try key()
        let publicKey = try openssl("pkey", "-pubout", input: Array(pem.utf8))
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: publicKey) }
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: String(pem.prefix(pem.count / 2))) }
        // One line, as in an environment variable without line breaks.
        let flat = pem.replacingOccurrences(of: "\n", with: " ")
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: flat) }
    }

    /// By default OpenSSL asks for the pass phrase on the terminal, and would hang there. The two encryptions are
    /// PKCS#8's and that of the old header lines.
    @Test("An encrypted key is refused without a prompt") func encryptedKey() throws {
        let pem = try key()
        let pkcs8 = try openssl("pkey", "-aes256", "-passout", "pass:secret", input: Array(pem.utf8))
        let old = try openssl("pkey", "-traditional", "-aes256", "-passout", "pass:secret", input: Array(pem.utf8))
        #expect(pkcs8.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY"))
        #expect(old.contains("Proc-Type: 4,ENCRYPTED"))
        for encrypted in [pkcs8, old] {
            #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: encrypted) }
        }
    }

    @Test(
        "A key of another type or size is refused",
        arguments: [
            ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            ["-algorithm", "ED25519"],
            // It would make PS256 signatures.
            ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
            ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
        ])
    func otherKeyType(_ kind: [String]) throws {
        let pem = String(decoding: try Program.openssl.run(["genpkey", "-quiet"] + kind), as: UTF8.self)
        #expect(throws: Self.notRSA) { try rs256(message: [1], privateKeyPEM: pem) }
    }
}
