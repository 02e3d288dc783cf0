import JSON

/// An API credential pair, with the access key that an install may require instead of a known address.
public struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    let identifier: String
    let secret: String
    let accessKey: String?

    /// Reads `{"identifier","secret","accesskey"?}`, the form in Parameter Store.
    ///
    /// Fails with `.noCredentials`, which names the missing member and reveals no value.
    public init(parameterValue: String) throws(WHMCSFailure) {
        guard let value = JSON(Array(parameterValue.utf8)), value.object != nil else {
            throw .noCredentials("they are not a JSON object")
        }
        guard let identifier = value["identifier"]?.stringOrNumber, !identifier.isEmpty else {
            throw .noCredentials("\"identifier\" is missing")
        }
        guard let secret = value["secret"]?.stringOrNumber, !secret.isEmpty else {
            throw .noCredentials("\"secret\" is missing")
        }
        self.identifier = identifier
        self.secret = secret
        accessKey = value["accesskey"]?.stringOrNumber.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether calls may come from any address: WHMCS checks the address of those without an access key.
    public var hasAccessKey: Bool { accessKey != nil }

    var form: WHMCSClient.Form {
        [("identifier", identifier), ("secret", secret)] + (accessKey.map { [("accesskey", $0)] } ?? [])
    }

    public var description: String { "[redacted]" }
    public var debugDescription: String { description }
}
