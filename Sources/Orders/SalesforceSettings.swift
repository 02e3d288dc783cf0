import AWS
import Basics
import HTTP
import Lambda
import Salesforce

/// The settings of a program that calls Salesforce.
struct SalesforceSettings: Sendable {
    var tokenParameter: String
    var refreshFunction: String
    var apiVersion: String

    init(_ environment: inout Environment) {
        tokenParameter = environment.text("SF_ACCESS_TOKEN_PARAMETER")
        refreshFunction = environment.text("SF_REFRESH_FUNCTION")
        apiVersion = environment.text("SF_API_VERSION", default: "v66.0")
        if !isVersion(apiVersion) { environment.fault("SF_API_VERSION", "must be like v66.0") }
    }

    /// A client with the token that refresh-sf-token writes.
    func client(_ account: Account, _ http: HTTPClient, _ parameters: ParameterCache) -> SalesforceClient {
        let tokens = TokenSource(
            parameter: tokenParameter, store: ParameterStore(account, http), cache: parameters,
            refresh: Function(refreshFunction, account, http), now: http.now, sleep: http.sleep)
        return SalesforceClient(
            http: http, apiVersion: apiVersion, token: tokens.current, renewed: tokens.renewed)
    }
}

/// By hand, because one regular expression takes a third of a program's start.
private func isVersion(_ text: String) -> Bool {
    guard text.hasPrefix("v"), text.hasSuffix(".0") else { return false }
    let number = text.utf8.dropFirst().dropLast(2)
    return (2...3).contains(number.count) && number.allSatisfy(isDigit)
}

extension Environment {
    /// An optional Salesforce id.
    mutating func salesforceID(_ name: String) -> RecordID? {
        guard let text = optional(name) else { return nil }
        let id = RecordID(text)
        if id == nil { fault(name, "must be a Salesforce id") }
        return id
    }

    /// A comma-separated list.
    func list(_ name: String) -> [String] {
        (optional(name) ?? "").split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
    }
}
