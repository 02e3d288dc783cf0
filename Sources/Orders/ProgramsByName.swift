import HTTP
import Lambda

/// Starts a program by its name, for a simulation that has all five in one process. The programs themselves do not
/// contain this: each would then hold the other four.
package func startProgram(
    _ name: String, _ environment: Environment, _ http: HTTPClient, _ log: Log
) throws -> Runtime.Handler {
    switch name {
    case "verify-signature": try Webhook.start(environment, http, log).respond
    case "provision-order": try Provisioning.start(environment, http, log).respond
    case "refresh-sf-token": try TokenRefresh.start(environment, http, log).respond
    case "recover-orders": try Recovery.start(environment, http, log).respond
    case "order-status": try OrderStatus.start(environment, http, log).respond
    default: throw FunctionError("UnknownProgram", "no program is called \(name)")
    }
}
