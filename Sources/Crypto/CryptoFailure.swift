/// Why libcrypto failed, in one sentence without any secret.
public struct CryptoFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
