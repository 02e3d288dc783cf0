import COpenSSL

/// Starts OpenSSL without the texts of its errors, its configuration file, and the old names of every cipher and digest:
/// half of a program's start, for what nobody here asks. libcurl would start it with all of them; what was started first
/// stays as it is.
func startOpenSSL() {
    OPENSSL_init_crypto(
        UInt64(
            OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS
                | OPENSSL_INIT_NO_ADD_ALL_DIGESTS), nil)
    // By its old name it looks up what a certificate is signed with.
    for digest in [EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()] { EVP_add_digest(digest) }
}
