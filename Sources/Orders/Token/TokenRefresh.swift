import AWS
import Basics
import Glibc
import HTTP
import JSON
import Lambda
import Salesforce

/// refresh-sf-token: writes a new Salesforce token to Parameter Store.
struct TokenRefresh: Program {
    struct Settings: ProgramSettings {
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

        var ledgerTable: String
        var tokenParameter: String
        /// Encrypts the token; nil for the account's own key.
        var keyARN: String?
        var loginURL: String
        var clientID: String
        /// The only organization whose token is stored; nil for any.
        var organization: RecordID?
        var flow: Flow
        /// s
        var lifetime: Int

        init(_ environment: inout Environment) {
            ledgerTable = environment.text("LEDGER_TABLE")
            tokenParameter = environment.text("SF_ACCESS_TOKEN_PARAMETER")
            keyARN = environment.optional("SECRETS_KEY_ARN")
            loginURL = environment.url("SF_LOGIN_URL")
            clientID = environment.text("SF_CLIENT_ID")
            organization = environment.salesforceID("SF_ORGANIZATION_ID")
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

    static let name = "refresh-sf-token"

    let context: ProgramContext<Settings>
    private var settings: Settings { context.settings }

    /// The key or secret, and connections to the login host, the ledger and Parameter Store.
    ///
    /// A missing parameter fails the event, not the start: a caller that finds a newer token needs no key.
    func warmUp(_ http: HTTPClient) throws {
        let others = [Request.preconnect(settings.loginURL), context.table(settings.ledgerTable, http).preconnect]
        guard let name = settings.flow.parameter else {
            return http.preconnect(others + [context.parameterStore(http).preconnect])
        }
        // Reading the parameter connects to the store.
        let store = context.parameterStore(http.preconnecting(to: others))
        _ = try context.parameters.get([name], from: store, now: http.now())
    }

    /// Handles the schedule, a policy event of the token's parameter, and direct invocations. One with
    /// `{"rejectedToken": "<fingerprint>"}`, empty for a missing token, requests nothing of Salesforce when the parameter
    /// already holds another token. Of invocations at the same time only the first requests one.
    ///
    /// An operator's `{"doctor": true}` only shows whether it could.
    ///
    /// - Returns: `{"refreshed": true | false}`.
    func handle(_ invocation: Invocation) throws -> [UInt8] {
        if try DoctorRequest(JSON(invocation.payload)) != nil { return examine(invocation) }
        let http = context.http.until(invocation.deadline - 500)
        let log = context.log.with(["requestId": .string(invocation.requestID)])
        let store = context.parameterStore(http)
        let replaced: String
        switch try trigger(invocation) {
        case .otherParameter:
            log.warn("policy event of another parameter")
            return JSON.object(["refreshed": false]).bytes
        case .rejection(let fingerprint): replaced = fingerprint
        case .refresh: replaced = try stored(store)?.fingerprint ?? ""
        }
        // A request that ends at its limit leaves time to release the lease.
        let table = context.table(settings.ledgerTable, context.http.until(invocation.deadline - 100))
        let ledger = Ledger(table, now: http.now)
        let owner = "\(invocation.requestID)/\(http.uniqueID())"
        var storedAt: Timestamp?
        defer { release(ledger, owner, storedAt: storedAt, log) }
        while try !ledger.takeRefreshLease(owner, until: invocation.deadline) {
            guard http.now() < invocation.deadline - 1_000 else {
                throw FunctionError("Contended", "another invocation is still requesting a token of Salesforce")
            }
            http.sleep(500)
        }
        // Another invocation may have stored it before this one had the lease.
        if let token = try stored(store), token.fingerprint != replaced {
            log.info("stored token is newer than the rejected one")
            return JSON.object(["refreshed": false]).bytes
        }
        let grant = try grant(store, http.now())
        let token: Token
        do throws(SalesforceFailure) {
            token = try grant.requestToken(
                loginURL: settings.loginURL, organization: settings.organization, http: http)
        } catch {
            throw FunctionError("SalesforceFailure", error.descriptionWithHint)
        }
        try store.put(settings.tokenParameter, token.parameterValue, key: settings.keyARN, policies: [policy])
        storedAt = http.now()
        log.info("refreshed", ["token": .string(token.fingerprint)])
        return JSON.object(["refreshed": true]).bytes
    }

    private func examine(_ invocation: Invocation) -> [UInt8] {
        var http = context.http.until(invocation.deadline - 2_000)
        http.retries = 1
        let ledger = Ledger(context.table(settings.ledgerTable, http), now: http.now)
        let doctor = TokenDoctor(settings: settings, ledger: ledger, http: http) { [http] in
            try grant(context.parameterStore(http), http.now(), youngerThan: 0)
        }
        return Check.answer(doctor.checks())
    }

    /// A lease that is not released expires, so this is no failure of the refresh.
    private func release(_ ledger: Ledger, _ owner: String, storedAt: Timestamp?, _ log: Log) {
        do {
            try ledger.releaseRefreshLease(owner, storedAt: storedAt)
        } catch {
            log.warn("the refresh lease was not released", ["error": .string("\(error)")])
        }
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

    /// - Parameter limit: see `ParameterCache`.
    private func grant(
        _ store: ParameterStore, _ now: Timestamp, youngerThan limit: Milliseconds? = nil
    ) throws -> Grant {
        switch settings.flow {
        case .clientCredentials(let parameter):
            return .clientCredentials(
                clientId: settings.clientID,
                secret: String(try secret(parameter, "SF_CLIENT_SECRET_PARAMETER", store, now, limit).trimmed))
        case .jwtBearer(let username, let audience, let parameter, let path):
            let key =
                if let parameter {
                    try secret(parameter, "SF_PRIVATE_KEY_PARAMETER", store, now, limit)
                } else {
                    try file(path ?? "")
                }
            return .jwtBearer(
                clientId: settings.clientID, username: username, audience: audience, privateKeyPEM: key)
        }
    }

    private func secret(
        _ name: String, _ variable: String, _ store: ParameterStore, _ now: Timestamp, _ limit: Milliseconds?
    ) throws -> String {
        guard let value = try context.parameters.get([name], from: store, now: now, youngerThan: limit)[name] else {
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

    /// Makes Parameter Store send an event when nobody has replaced the token for an hour less than its lifetime. Its
    /// unit is whole hours. `Expiration` would delete the parameter ("Assigning parameter policies").
    private var policy: JSON {
        let hours = max(1, settings.lifetime / 3600 - 1)
        return [
            "Type": "NoChangeNotification", "Version": "1.0",
            "Attributes": ["After": .string(String(hours)), "Unit": "Hours"],
        ]
    }
}
