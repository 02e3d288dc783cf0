import AWS
import Basics
import Salesforce

/// Gets a program its Salesforce token: from the parameter that refresh-sf-token writes, and from that function itself
/// when the parameter is missing or Salesforce rejects its token.
struct TokenSource {
    var parameter: String
    var store: ParameterStore
    var cache: ParameterCache
    var refresh: Function
    var now: () -> Timestamp
    var sleep: (Milliseconds) -> Void

    /// The stored token, or a first one.
    func current() throws(SalesforceFailure) -> Token {
        if let token = try read(youngerThan: nil) { return token }
        return try refreshed(rejected: "")
    }

    /// The token after one that Salesforce rejected; another run may have refreshed it already. Salesforce may issue the
    /// same token again.
    func renewed(_ rejected: Token) throws(SalesforceFailure) -> Token {
        if let token = try read(youngerThan: 0), token.accessToken != rejected.accessToken { return token }
        return try refreshed(rejected: rejected.fingerprint)
    }

    private func refreshed(rejected: String) throws(SalesforceFailure) -> Token {
        // Lambda refuses when the account has no capacity left: another run's refresh may have had room.
        for _ in 0..<5 {
            do {
                _ = try refresh.invoke(["rejectedToken": .string(rejected)])
                break
            } catch let failure as AWSFailure where failure.code == "TooManyRequestsException" {
                sleep(500)
                if let token = try read(youngerThan: 0), token.fingerprint != rejected { return token }
            } catch {
                throw .noToken("\(error)")
            }
        }
        guard let token = try read(youngerThan: 0) else {
            throw .noToken("refresh-sf-token did not write the parameter that SF_ACCESS_TOKEN_PARAMETER names")
        }
        return token
    }

    private func read(youngerThan limit: Milliseconds?) throws(SalesforceFailure) -> Token? {
        do throws(AWSFailure) {
            let values = try cache.get([parameter], from: store, now: now(), youngerThan: limit)
            // A token that cannot be read is replaced like a missing one.
            return values[parameter].flatMap { try? Token(parameterValue: $0) }
        } catch {
            throw .noToken("\(error)")
        }
    }
}
