import AWS
import Basics
import Glibc
import HTTP
import JSON
import Lambda
import Salesforce

/// refresh-sf-token: a new Salesforce token into Parameter Store.
public struct TokenRefresh: Program {
    public struct Settings: ProgramSettings {
        enum Flow: Sendable {
            /// The key is in a parameter or a file.
            case jwtBearer(username: String, audience: String, keyParameter: String?, keyPath: String?)
            case clientCredentials(secretParameter: String)

            /// Nil when the key is in a file.
            var parameter: String? {
                switch self {
                case .jwtBearer(_, _, let keyParameter, _): keyParameter
                case .clientCredentials(let secretParameter): secretParameter
                }
            }
        }

        var tokenParameter: String
        var loginURL: String
        var clientID: String
        var flow: Flow
        /// s
        var lifetime: Int

        public init(_ environment: inout Environment) {
            tokenParameter = environment.text("SF_ACCESS_TOKEN_PARAMETER")
            loginURL = environment.url("SF_LOGIN_URL")
            clientID = environment.text("SF_CLIENT_ID")
            lifetime = environment.integer("SF_TOKEN_LIFETIME", default: 7200, in: 900...86_400)
            switch environment.text("SF_AUTH_FLOW", default: "jwt-bearer") {
            case "client-credentials":
                flow = .clientCredentials(secretParameter: environment.text("SF_CLIENT_SECRET_PARAMETER"))
            case let name:
                if name != "jwt-bearer" {
                    environment.fault("SF_AUTH_FLOW", "must be jwt-bearer or client-credentials")
                }
                let keyParameter = environment.optional("SF_PRIVATE_KEY_PARAMETER")
                let keyPath = environment.optional("SF_PRIVATE_KEY_PATH")
                if keyParameter == nil, keyPath == nil {
                    environment.fault("SF_PRIVATE_KEY_PARAMETER", "is not set, nor is SF_PRIVATE_KEY_PATH")
                }
                flow = .jwtBearer(
                    username: environment.text("SF_USERNAME"), audience: environment.optional("SF_AUDIENCE") ?? "",
                    keyParameter: keyParameter, keyPath: keyPath)
            }
        }
    }

    private let settings: Settings
    private let account: Account
    private let http: HTTPClient
    private let log: Log
    private let secrets = ParameterCache()

    public init(_ settings: Settings, _ account: Account, _ http: HTTPClient, _ log: Log) {
        self.settings = settings
        self.account = account
        self.http = http
        self.log = log
    }

    /// The key or secret, and a connection to where tokens are given; one to the store comes with the first, or is opened
    /// where the key is in a file.
    ///
    /// A parameter that is not there is the event's failure: whoever finds a token newer than the rejected one needs none.
    public func warmUp(_ http: HTTPClient) throws {
        let login = Request.preconnect(settings.loginURL)
        guard let name = settings.flow.parameter else {
            return http.preconnect([login, ParameterStore(account, http).preconnect])
        }
        _ = try secrets.get([name], from: ParameterStore(account, http.preconnecting(to: [login])), now: http.now())
    }

    /// Handles the schedule, a policy event of the token's parameter, or a direct invocation.
    ///
    /// A direct invocation may say `{"rejectedToken": "<fingerprint>"}`, empty when there was none: when the parameter
    /// holds another token already, nothing is asked of Salesforce.
    ///
    /// - Returns: `{"refreshed": true | false}`.
    public func handle(_ invocation: Invocation) throws -> [UInt8] {
        let log = log.with(["requestId": .string(invocation.requestID)])
        let http = http.until(invocation.deadline - 500)
        let store = ParameterStore(account, http)
        let event = try trigger(invocation)
        if case .rejection(let fingerprint) = event, let token = try stored(store), token.fingerprint != fingerprint {
            log.info("the stored token is newer than the rejected one")
            return JSON.object(["refreshed": false]).bytes
        }
        if case .otherParameter = event {
            log.warn("a policy event of a parameter that is not the token's")
            return JSON.object(["refreshed": false]).bytes
        }
        let token = try grant(store, http.now()).requestToken(loginURL: settings.loginURL, http: http)
        try store.put(settings.tokenParameter, token.parameterValue, policies: [policy])
        log.info("refreshed", ["token": .string(token.fingerprint)])
        return JSON.object(["refreshed": true]).bytes
    }

    private enum Trigger {
        case rejection(fingerprint: String)
        case otherParameter
        case refresh
    }

    private func trigger(_ invocation: Invocation) throws -> Trigger {
        guard let event = JSON(invocation.payload), event.object != nil else {
            throw FunctionError("MalformedEvent", "the event is not a JSON object")
        }
        if let parameter = event["detail"]?["parameter-name"]?.stringOrNumber {
            return parameter == settings.tokenParameter ? .refresh : .otherParameter
        }
        switch event["rejectedToken"] {
        case nil: return .refresh
        case .string(let fingerprint): return .rejection(fingerprint: fingerprint)
        default: throw FunctionError("MalformedEvent", "rejectedToken in the event must be text")
        }
    }

    private func stored(_ store: ParameterStore) throws -> Token? {
        try store.get([settings.tokenParameter])[settings.tokenParameter].flatMap { try? Token(parameterValue: $0) }
    }

    private func grant(_ store: ParameterStore, _ now: Timestamp) throws -> Grant {
        switch settings.flow {
        case .clientCredentials(let parameter):
            return .clientCredentials(
                clientId: settings.clientID,
                secret: String(try secret(parameter, "SF_CLIENT_SECRET_PARAMETER", store, now).trimmed))
        case .jwtBearer(let username, let audience, let parameter, let path):
            let key =
                if let parameter {
                    try secret(parameter, "SF_PRIVATE_KEY_PARAMETER", store, now)
                } else {
                    try file(path ?? "")
                }
            return .jwtBearer(
                clientId: settings.clientID, username: username, audience: audience, privateKeyPEM: key)
        }
    }

    private func secret(_ name: String, _ variable: String, _ store: ParameterStore, _ now: Timestamp) throws -> String
    {
        guard let value = try secrets.get([name], from: store, now: now)[name] else {
            throw FunctionError("Configuration", "\(variable) names a parameter that does not exist")
        }
        return value
    }

    private func file(_ path: String) throws -> String {
        // Longer than any key in PEM.
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        guard let file = fopen(path, "r") else { throw unreadable }
        defer { fclose(file) }
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { throw unreadable }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private var unreadable: FunctionError {
        FunctionError("Configuration", "SF_PRIVATE_KEY_PATH names a file that cannot be read")
    }

    /// Makes Parameter Store tell us when the token was not replaced for an hour less than it lives. Not `Expiration`,
    /// which deletes the parameter ("Assigning parameter policies"); its unit is whole hours.
    private var policy: JSON {
        let hours = max(1, settings.lifetime / 3600 - 1)
        return [
            "Type": "NoChangeNotification", "Version": "1.0",
            "Attributes": ["After": .string(String(hours)), "Unit": "Hours"],
        ]
    }
}
