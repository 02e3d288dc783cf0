import COpenSSL
import Crypto
import Testing

/// libcrypto without any algorithm, as a broken installation leaves it: each call fails.
@Suite struct ProviderTests {
    /// In a process of its own, which cannot load the algorithms again.
    @Test("Nothing is computed without algorithms") func nullProvider() async {
        await #expect(processExitsWith: .success) {
            #expect(OSSL_PROVIDER_load(nil, "null") != nil)
            #expect(throws: CryptoFailure("libcrypto cannot compute HMAC-SHA256")) {
                try hmacSHA256(key: [1], message: [2])
            }
            #expect(throws: CryptoFailure("libcrypto cannot compute SHA-256")) { try sha256([1]) }
            #expect(throws: CryptoFailure.self) { try rs256(message: [1], privateKeyPEM: "") }
        }
    }
}
