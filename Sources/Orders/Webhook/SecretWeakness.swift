import Basics
import Glibc

/// Why a webhook secret is no secret. deploy/CONFIGURATION.md has the same list.
enum SecretWeakness: String {
    case isPlaceholder = "is a placeholder"
    case isShort = "has fewer than 32 bytes"
    case isRepetitive = "repeats itself"
    case isTestbeds = "is the testbed's, which is published"

    /// Nil for a secret that nobody guesses, as far as its look tells.
    init?(of secret: [UInt8]) {
        if Self.isPlaceholder(secret) {
            self = .isPlaceholder
        } else if secret.count < 32 {
            self = .isShort
        } else if Self.isRepetitive(secret) {
            self = .isRepetitive
        } else if secret == Array("local-webhook-secret-do-not-use-elsewhere".utf8) {
            self = .isTestbeds
        } else {
            return nil
        }
    }

    /// The first is the start of a merge field that Salesforce did not replace.
    private static let beginnings = ["{!", "<", "your"]
    private static let words = ["changeme", "replaceme", "placeholder", "password", "secretkeyhere"]

    private static func isPlaceholder(_ secret: [UInt8]) -> Bool {
        let text = secret.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        // `change_me` is `changeme`.
        let letters = text.filter { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }.map { CChar($0) } + [0]
        return beginnings.contains { text.starts(with: $0.utf8) }
            || words.contains { strstr(letters, $0) != nil }
    }

    /// Whether it is one character, or one piece, again and again.
    private static func isRepetitive(_ secret: [UInt8]) -> Bool {
        secret.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            return (1...max(1, bytes.count / 2)).contains { memcmp(start, start + $0, bytes.count - $0) == 0 }
        }
    }
}
