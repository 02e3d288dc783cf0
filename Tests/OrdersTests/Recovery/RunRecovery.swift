import Basics
import HTTP
import JSON
import Lambda

@testable import Orders

extension ProvisioningHarness {
    /// Runs recover-orders on the harness's ledger.
    ///
    /// - Parameters:
    ///   - values: further variables.
    ///   - http: nil is the harness's own client.
    @discardableResult
    func recover(_ event: JSON = [:], _ values: [String: String] = [:], with http: HTTPClient? = nil) throws -> JSON {
        var environment = Environment(["LEDGER_TABLE": aws.table, "EVENT_BUS_NAME": aws.bus].merging(values) { $1 })
        let settings = Recovery.Settings(&environment)
        try environment.check()
        let http = http ?? network.client
        let recovery = Recovery(settings, aws.account(with: ["LAMBDA": lambdaURL]), http, log.log)
        let invocation = Invocation(requestID: "recovery", deadline: http.now() + 60_000, payload: event.bytes)
        return JSON(try recovery.handle(invocation)) ?? .null
    }
}
