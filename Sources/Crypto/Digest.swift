import COpenSSL

/// The 32 bytes of SHA-256.
public func sha256(_ bytes: [UInt8]) throws(CryptoFailure) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else {
        throw CryptoFailure("libcrypto cannot compute SHA-256")
    }
    return digest
}

/// The 32 bytes of HMAC-SHA256.
public func hmacSHA256(key: [UInt8], message: [UInt8]) throws(CryptoFailure) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    // To OpenSSL a nil key means the previous key, and an empty array may have no address.
    let keyOrZero = key.isEmpty ? [0] : key
    // A failure leaves `code` as it is, and anybody can forge a signature of zeros.
    guard HMAC(EVP_sha256(), keyOrZero, Int32(key.count), message, message.count, &code, nil) != nil else {
        throw CryptoFailure("libcrypto cannot compute HMAC-SHA256")
    }
    return code
}

/// Whether both are equal, in a time that depends only on their length.
public func constantTimeEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
}
