import Crypto
import Foundation
import TestSupport
import Testing

/// `openssl` makes the keys and judges the signatures.
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

    @Test(arguments: ["", "header.payload", String(repeating: "x", count: 100_000)])
    func opensslVerifiesTheSignature(_ message: String) throws {
        let pkcs8 = try key()
        let pkcs1 = try pkcs1(pkcs8)
        #expect(pkcs8.hasPrefix("-----BEGIN PRIVATE KEY"))
        #expect(pkcs1.hasPrefix("-----BEGIN RSA PRIVATE KEY"))
        let signature = try rs256(message: Array(message.utf8), privateKeyPEM: pkcs8)
        // The padding of RS256 has no randomness: either form of the key makes the same signature.
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

    @Test func pythonVerifiesTheSignature() throws {
        let pem = try key(bits: 3072)
        let signature = try rs256(message: Array("a.b".utf8), privateKeyPEM: pem)
        // Raises, and so fails the test, when the signature is not the message's.
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

    // What pasting and secret stores do to a PEM.
    @Test func takesAKeyWithWindowsLineEndsAndTextAroundIt() throws {
        let pem = try key()
        let expected = try rs256(message: [1], privateKeyPEM: pem)
        #expect(try rs256(message: [1], privateKeyPEM: pem.replacingOccurrences(of: "\n", with: "\r\n")) == expected)
        #expect(try rs256(message: [1], privateKeyPEM: "Bag Attributes: <none>\n\n" + pem + "\n\n") == expected)
    }

    private static let notAKey = CryptoFailure("the private key is not an unencrypted PEM key")
    private static let notRSA = CryptoFailure("the private key is not an RSA key of 2048 bits or more")

    @Test(arguments: [
        "", "\n", "garbage", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ])
    func refusesWhatIsNoKey(_ pem: String) {
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: pem) }
    }

    @Test func refusesAPublicKeyAndHalfAKey() throws {
        let pem = try key()
        let publicKey = try openssl("pkey", "-pubout", input: Array(pem.utf8))
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: publicKey) }
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: String(pem.prefix(pem.count / 2))) }
        // One line, as an environment variable without line breaks has it.
        let flat = pem.replacingOccurrences(of: "\n", with: " ")
        #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: flat) }
    }

    /// OpenSSL asks for a pass phrase on the terminal unless told otherwise, and would hang there. Both kinds of
    /// encryption: PKCS#8's and the one of the old header lines.
    @Test func refusesAnEncryptedKeyWithoutAsking() throws {
        let pem = try key()
        let pkcs8 = try openssl("pkey", "-aes256", "-passout", "pass:secret", input: Array(pem.utf8))
        let old = try openssl("pkey", "-traditional", "-aes256", "-passout", "pass:secret", input: Array(pem.utf8))
        #expect(pkcs8.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY"))
        #expect(old.contains("Proc-Type: 4,ENCRYPTED"))
        for encrypted in [pkcs8, old] {
            #expect(throws: Self.notAKey) { try rs256(message: [1], privateKeyPEM: encrypted) }
        }
    }

    @Test(arguments: [
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ["-algorithm", "ED25519"],
        // Its signatures would be PS256's.
        ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
        ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    ])
    func refusesAnotherKindOfKey(_ kind: [String]) throws {
        let pem = String(decoding: try Program.openssl.run(["genpkey", "-quiet"] + kind), as: UTF8.self)
        #expect(throws: Self.notRSA) { try rs256(message: [1], privateKeyPEM: pem) }
    }
}
