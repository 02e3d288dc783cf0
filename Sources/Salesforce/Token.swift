import Basics
import Crypto
import HTTP
import JSON

/// An access token and the instance that accepts it. Its text is never interpreted: it may be opaque or a JWT.
public struct Token: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    public let accessToken: String
    /// `https://…`, without a slash at its end.
    public let instanceURL: String
    public let issuedAt: Timestamp
    /// Identifies the token without revealing it.
    public let fingerprint: String

    /// Nil unless the token can stand in a header, and the instance is an origin that requests may go to.
    public init?(accessToken: String, instanceURL: String, issuedAt: Timestamp) {
        guard !accessToken.isEmpty, accessToken.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            let instance = Origin(exactly: instanceURL), instance.isAllowed(),
            let hash = try? Crypto.sha256(Array(accessToken.utf8))
        else { return nil }
        self.accessToken = accessToken
        self.instanceURL = instance.url
        self.issuedAt = issuedAt
        fingerprint = String(Crypto.hex(hash).prefix(16))
    }

    /// Reads `parameterValue`. Fails with `.noToken`.
    public init(parameterValue: String) throws(SalesforceFailure) {
        let value = JSON(Array(parameterValue.utf8))
        guard let accessToken = value?["access_token"]?.string,
            let instanceURL = value?["instance_url"]?.string,
            let issuedAt = value?["issued_at"]?.timestamp,
            let token = Token(accessToken: accessToken, instanceURL: instanceURL, issuedAt: issuedAt)
        else { throw .noToken("the stored one cannot be read") }
        self = token
    }

    /// `{"access_token","instance_url","issued_at"}`, the form in Parameter Store.
    public var parameterValue: String {
        let value: JSON = [
            "access_token": .string(accessToken), "instance_url": .string(instanceURL),
            "issued_at": .string(String(issuedAt.milliseconds)),
        ]
        return String(decoding: value.bytes, as: UTF8.self)
    }

    public var description: String { "Token(\(fingerprint))" }
    public var debugDescription: String { description }
}
