import JSON

/// An API credential pair, and the access key where the install asks for one instead of a known address.
public struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    let identifier: String
    let secret: String
    let accessKey: String?

    /// From `{"identifier","secret","accesskey"?}`, as it lies in Parameter Store.
    ///
    /// Fails with `.noCredentials`, which says what is missing and nothing of what is there.
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

    var form: WHMCSClient.Form {
        [("identifier", identifier), ("secret", secret)] + (accessKey.map { [("accesskey", $0)] } ?? [])
    }

    public var description: String { "[redacted]" }
    public var debugDescription: String { description }
}
