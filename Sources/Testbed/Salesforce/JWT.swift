import COpenSSL
import Foundation
import JSON

/// The claims of a JWT; nil when its RS256 signature is not that of the key.
func verifiedClaims(_ jwt: String, publicKeyPEM: String) -> JSON? {
    let parts = jwt.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let header = base64URLDecoded(parts[0]), JSON(header)?["alg"]?.stringOrNumber == "RS256",
        let signature = base64URLDecoded(parts[2]), let claims = base64URLDecoded(parts[1]),
        isRS256(signature, of: Array("\(parts[0]).\(parts[1])".utf8), publicKeyPEM: publicKeyPEM)
    else { return nil }
    return JSON(claims)
}

private func isRS256(_ signature: [UInt8], of signed: [UInt8], publicKeyPEM: String) -> Bool {
    // The memory BIO points to the text, so the text must stay in place until the key is read.
    let key = Array(publicKeyPEM.utf8).withUnsafeBytes { bytes in
        let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
        defer { BIO_free(bio) }
        return PEM_read_bio_PUBKEY(bio, nil, nil, nil)
    }
    guard let key else { return false }
    defer { EVP_PKEY_free(key) }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
        && EVP_DigestVerify(context, signature, signature.count, signed, signed.count) == 1
}

/// Base64url without padding, as JWT requires. Text with padding is refused.
private func base64URLDecoded(_ text: String) -> [UInt8]? {
    if text.contains(where: { "+/=".contains($0) }) { return nil }
    let standard = text.replacing("-", with: "+").replacing("_", with: "/")
    let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
    return Data(base64Encoded: standard + padding).map { [UInt8]($0) }
}
