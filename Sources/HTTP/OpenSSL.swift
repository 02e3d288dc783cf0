import COpenSSL

/// Initializes OpenSSL without its error texts, its configuration file, and the old names of all ciphers and digests:
/// these take half of a program's start, and nothing here uses them. libcurl would load all of it, but a second
/// initialization changes nothing.
///
/// - Returns: whether OpenSSL can be used.
func initializeOpenSSL() -> Bool {
    let isInitialized =
        OPENSSL_init_crypto(
            UInt64(
                OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS
                    | OPENSSL_INIT_NO_ADD_ALL_DIGESTS), nil) == 1
    // OpenSSL looks up the digest of a certificate's signature by its old name.
    return isInitialized
        && [EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()].allSatisfy { EVP_add_digest($0) == 1 }
}
