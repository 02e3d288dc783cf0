import AWS
import Basics
import Salesforce

/// Where a program has its Salesforce token from: the parameter that refresh-sf-token keeps, and that function
/// itself when the parameter is not there or its token is not accepted any more.
struct TokenSource {
    var parameter: String
    var store: ParameterStore
    var cache: ParameterCache
    var refresh: Function
    /// ms since 1970
    var now: () -> Timestamp
    /// ms
    var sleep: (Int) -> Void

    /// The token in use; a first one needs nobody.
    func current() throws(SalesforceFailure) -> Token {
        if let token = try read(youngerThan: nil) { return token }
        return try refreshed(rejected: "")
    }

    /// The token after one that Salesforce has rejected; somebody else may have fetched it already.
    func renewed(_ rejected: Token) throws(SalesforceFailure) -> Token {
        if let token = try read(youngerThan: 0), token != rejected { return token }
        return try refreshed(rejected: rejected.fingerprint)
    }

    private func refreshed(rejected: String) throws(SalesforceFailure) -> Token {
        // One refresh at a time: who is throttled waits for the token that somebody else is fetching.
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
            throw .noToken("refresh-sf-token wrote none to the parameter that SF_ACCESS_TOKEN_PARAMETER names")
        }
        return token
    }

    private func read(youngerThan limit: Milliseconds?) throws(SalesforceFailure) -> Token? {
        do throws(AWSFailure) {
            let values = try cache.get([parameter], from: store, now: now(), youngerThan: limit)
            // One that cannot be read is replaced like one that is not there.
            return values[parameter].flatMap { try? Token(parameterValue: $0) }
        } catch {
            throw .noToken("\(error)")
        }
    }
}
