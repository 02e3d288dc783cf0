import Basics
import Crypto
import JSON

/// An access token and where it is good for. Never looked into: opaque and JWT-based ones look different.
public struct Token: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    public let accessToken: String
    /// `https://…`, without a slash at the end.
    public let instanceURL: String
    public let issuedAt: Timestamp

    /// Nil unless the token can stand in a header and the instance is one that a token may be sent to: `https`, or
    /// loopback.
    public init?(accessToken: String, instanceURL: String, issuedAt: Timestamp) {
        guard !accessToken.isEmpty, accessToken.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            let instanceURL = origin(instanceURL)
        else { return nil }
        self.accessToken = accessToken
        self.instanceURL = instanceURL
        self.issuedAt = issuedAt
    }

    /// From `{"access_token","instance_url","issued_at"}`, as it lies in Parameter Store. Fails with `.noToken`.
    public init(parameterValue: String) throws(SalesforceFailure) {
        let value = JSON(Array(parameterValue.utf8))
        guard let accessToken = value?["access_token"]?.stringOrNumber,
            let instanceURL = value?["instance_url"]?.stringOrNumber,
            let issuedAt = value?["issued_at"]?.integer,
            let token = Token(
                accessToken: accessToken, instanceURL: instanceURL, issuedAt: Timestamp(milliseconds: issuedAt))
        else { throw .noToken("the stored one cannot be read") }
        self = token
    }

    public var parameterValue: String {
        let value: JSON = [
            "access_token": .string(accessToken), "instance_url": .string(instanceURL),
            "issued_at": .string(String(issuedAt.milliseconds)),
        ]
        return String(decoding: value.bytes, as: UTF8.self)
    }

    /// Tells one token from another without telling the token.
    public var fingerprint: String { String(Crypto.hex(Crypto.sha256(Array(accessToken.utf8))).prefix(16)) }

    public var description: String { "Token(\(fingerprint))" }
    public var debugDescription: String { description }
}

/// Scheme, host and port of a URL that is nothing more and that secrets may be sent to; nil otherwise.
func origin(_ url: String) -> String? {
    let text = url.hasSuffix("/") ? String(url.dropLast()) : url
    guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return nil }
    let authority = text.dropFirst(scheme.count)
    // No path, no query, and above all no `@`, before which a host would only be a user's name.
    guard !authority.isEmpty, authority.utf8.allSatisfy(isOfAuthority) else { return nil }
    return scheme == "https://" || isLoopback(authority) ? text : nil
}

private func isOfAuthority(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"),
        UInt8(ascii: "["), UInt8(ascii: "]"):
        true
    default: false
    }
}

private func isLoopback(_ authority: Substring) -> Bool {
    ["127.0.0.1", "localhost", "[::1]"].contains { authority == $0 || authority.hasPrefix($0 + ":") }
}
