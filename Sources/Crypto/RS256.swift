import COpenSSL

/// RSASSA-PKCS1-v1_5 over SHA-256 (RFC 7518, RS256).
///
/// - Parameter privateKeyPEM: PKCS#8 or PKCS#1, not encrypted, at least 2048 bits.
public func rs256(message: [UInt8], privateKeyPEM: String) throws(CryptoFailure) -> [UInt8] {
    let key = try readKey(privateKeyPEM)
    defer { EVP_PKEY_free(key) }
    guard let context = EVP_MD_CTX_new() else { throw CryptoFailure("libcrypto has no memory to sign") }
    defer { EVP_MD_CTX_free(context) }
    var length = 0
    guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
        EVP_DigestSign(context, nil, &length, message, message.count) == 1
    else { throw CryptoFailure("the private key cannot sign") }
    var signature = [UInt8](repeating: 0, count: length)
    guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else {
        throw CryptoFailure("signing with the private key failed")
    }
    return Array(signature.prefix(length))
}

private func readKey(_ pem: String) throws(CryptoFailure) -> OpaquePointer {
    let key = Array(pem.utf8).withUnsafeBytes { bytes in
        guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil as OpaquePointer? }
        defer { BIO_free(source) }
        // Without this callback OpenSSL asks for the pass phrase on the terminal.
        return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in 0 }, nil)
    }
    guard let key else { throw CryptoFailure("the private key is not an unencrypted PEM key") }
    guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA, EVP_PKEY_get_bits(key) >= 2048 else {
        EVP_PKEY_free(key)
        throw CryptoFailure("the private key is not an RSA key of 2048 bits or more")
    }
    return key
}
