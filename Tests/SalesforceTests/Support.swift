import HTTP
import TestSupport

@testable import Salesforce

extension FakeHTTPClient {
    /// Starts with token `one`; after a rejection there is `two`, at another instance.
    var salesforce: SalesforceClient { salesforce { _ in } }

    func salesforce(onRejection: @escaping (Token) -> Void) -> SalesforceClient {
        SalesforceClient(http: client, apiVersion: "v66.0", token: { () throws(SalesforceFailure) in .one }) {
            rejected throws(SalesforceFailure) in
            onRejection(rejected)
            return .two
        }
    }
}

extension Token {
    static let one = Token(unchecked: "00Dxx!one", "https://acme.my.salesforce.com")
    static let two = Token(unchecked: "00Dxx!two", "https://acme2.my.salesforce.com")

    private init(unchecked accessToken: String, _ instanceURL: String) {
        guard let token = Token(accessToken: accessToken, instanceURL: instanceURL, issuedAt: 1) else {
            preconditionFailure("a test's token is malformed")
        }
        self = token
    }
}

extension Result where Success == Response, Failure == HTTPFailure {
    /// A refusal of Salesforce.
    static func error(_ code: String, _ message: String = "words", status: Int) -> Self {
        .answer(status, #"[{"errorCode":"\#(code)","message":"\#(message)"}]"#)
    }
}

/// The failure that `body` throws.
func failure(_ body: () throws -> Void) -> SalesforceFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? SalesforceFailure
    }
}
