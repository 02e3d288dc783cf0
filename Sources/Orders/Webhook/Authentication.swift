import AWS
import Basics
import Crypto
import HTTP
import JSON
import Lambda

/// Checks that a request is recent, and that its sender knows a live webhook secret. verify-signature and order-status
/// accept the same secrets in the same way.
struct Authentication {
    struct Settings: Sendable {
        var secretParameter: String
        var tolerance: Milliseconds

        init(_ environment: inout Environment) {
            secretParameter = environment.text("SF_WEBHOOK_SECRET_PARAMETER")
            tolerance = environment.integer("WEBHOOK_TIMESTAMP_TOLERANCE", default: 300_000, in: 1000...86_400_000)
        }
    }

    var settings: Settings
    var parameters: ParameterCache
    var store: ParameterStore
    var now: () -> Timestamp
    var log: Log

    /// - Parameters:
    ///   - signature: hexadecimal, in either case.
    ///   - signed: what the signature covers, for the sender.
    ///   - unavailable: the answer while the secrets cannot be read.
    func checkSignature(
        _ signature: String?, of message: [UInt8], signed: String, unavailable: ProblemDetails
    ) throws(ProblemDetails) {
        guard let signature else {
            throw ProblemDetails(401, "INVALID_SIGNATURE", "X-SF-Signature is missing")
        }
        // Before the secrets are read: who floods the route with any text costs no call.
        guard let given = bytes(hex: signature), given.count == 32 else { throw Self.invalid(signed) }
        do {
            let cached = try parameterValue()
            if try secrets(cached).verify(given, of: message) { return }
            // The secret may just have been rotated. At most once a minute, or forgers could use up the store's quota.
            let fresh = try parameterValue(youngerThan: 60_000)
            if fresh != cached, try secrets(fresh).verify(given, of: message) { return }
        } catch {
            log.error("webhook secret not readable", ["error": .string("\(error)")])
            throw unavailable
        }
        throw Self.invalid(signed)
    }

    private static func invalid(_ signed: String) -> ProblemDetails {
        ProblemDetails(401, "INVALID_SIGNATURE", "X-SF-Signature is not the hex HMAC-SHA256 of \(signed)")
    }

    /// Refuses a time that is further from now than the tolerance, in either direction.
    func checkTime(_ time: Timestamp) throws(ProblemDetails) {
        let skew = time - now()
        guard abs(skew) > settings.tolerance else { return }
        let minutes = (abs(skew) + 30_000) / 60_000
        var detail = "timestamp is \(minutes) min \(skew < 0 ? "behind" : "ahead of") this server's clock"
        // Apex's format() writes the user's local time, and a literal Z in the pattern marks it as UTC. No clock drifts by
        // whole quarters of an hour.
        let beyondQuarter = abs(skew) % 900_000
        if abs(skew) >= 900_000 - 60_000, min(beyondQuarter, 900_000 - beyondQuarter) <= 60_000 {
            detail += "; it looks like local time marked as UTC: use formatGmt in Apex"
        }
        throw ProblemDetails(401, "STALE_TIMESTAMP", detail)
    }

    /// Reads the secrets ahead of the first request.
    ///
    /// - Throws: a `Configuration` error when there is no valid secret: the program could answer no signed request.
    func warmUp() throws {
        _ = try secrets(parameterValue())
    }

    private func secrets(_ parameterValue: String) throws -> WebhookSecrets {
        try WebhookSecrets(parameterValue: parameterValue, isTestbed: store.isOnLoopback)
    }

    /// While Parameter Store is throttled or down, the last good value is used for an hour.
    private func parameterValue(youngerThan limit: Milliseconds? = nil) throws -> String {
        let name = settings.secretParameter
        let values = try parameters.get(
            [name], from: store, now: now(), youngerThan: limit, longestUse: 3_600_000)
        guard let value = values[name] else {
            throw FunctionError("Configuration", "SF_WEBHOOK_SECRET_PARAMETER names a parameter that does not exist")
        }
        return value
    }
}

extension ProgramContext {
    func authentication(_ settings: Authentication.Settings, _ http: HTTPClient) -> Authentication {
        var http = http
        // In a flood, retries would multiply the load on a store that is throttled already.
        http.retries = 0
        return Authentication(
            settings: settings, parameters: parameters, store: parameterStore(http), now: http.now, log: log)
    }
}
