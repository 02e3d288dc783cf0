import AWS
import HTTP
import JSON

/// What a button of the page asks for.
enum WatchAction: Equatable {
    /// An order as an operator's click, or as the platform event of an approved order.
    case send(orderId: String, isEvent: Bool)
    case switchFault(WatchFault, isOn: Bool)
    /// The processes of the program of that name.
    case kill(program: String)
    /// Every open order, or one of them, due or not.
    case recover(orderId: String?)
    case revokeTokens

    /// Nil when the JSON asks for nothing that the page has a button for.
    init?(_ json: JSON) {
        let orderId = json["orderId"]?.string.flatMap(salesforceId18)
        switch json["action"]?.string {
        case "click", "event":
            guard let orderId else { return nil }
            self = .send(orderId: orderId, isEvent: json["action"] == "event")
        case "fault":
            guard let fault = json["fault"]?.string.flatMap(WatchFault.init), let isOn = json["on"]?.bool else {
                return nil
            }
            self = .switchFault(fault, isOn: isOn)
        case "kill":
            guard let program = json["program"]?.string else { return nil }
            self = .kill(program: program)
        case "recover":
            guard orderId != nil || json["orderId"] == nil else { return nil }
            self = .recover(orderId: orderId)
        case "revoke-tokens": self = .revokeTokens
        default: return nil
        }
    }
}

extension WatchPage {
    /// - Returns: one sentence that says what has happened.
    func carryOut(_ action: WatchAction) throws(TestbedFailure) -> String {
        switch action {
        case .send(let orderId, isEvent: false):
            let answer = try TestbedClient().send(SignedRequest(orderId: orderId).request(to: gateway))
            return "Order \(orderId) sent by a click: \(answer.status) \(outcome(answer))"
        case .send(let orderId, isEvent: true):
            if let failure = PlatformEvent(orderId: orderId).publish(account) {
                throw TestbedFailure("The event was not published: \(failure)")
            }
            return "Order \(orderId) sent by a platform event"
        case .switchFault(let fault, let isOn):
            faults.switchFault(fault, on: isOn)
            return "Fault \(fault.rawValue) is \(isOn ? "on" : "off")"
        case .kill(let program):
            let count = try function(program).lambda.killProcesses()
            return "\(count == 1 ? "1 process" : "\(count) processes") of \(program) killed"
        case .recover(let orderId):
            let event: JSON = orderId.map { ["orderId": .string($0)] } ?? ["all": true]
            guard let result = try? function("recover-orders").lambda.invoke(event.bytes), result.errorType == nil,
                let count = result.json["recovered"]?.integer
            else { throw TestbedFailure("recover-orders failed; its log says why") }
            return count == 1 ? "1 order published again" : "\(count) orders published again"
        case .revokeTokens:
            salesforce.revokeTokens()
            return "Salesforce's tokens are revoked"
        }
    }

    /// The status of an accepted order, or the code of a refusal.
    private func outcome(_ answer: Response) -> String {
        let body = JSON(answer.body)
        return (body?["status"]?.string ?? body?["code"]?.string ?? body?["message"]?.string) ?? ""
    }

    private func function(_ program: String) throws(TestbedFailure) -> HostedFunction {
        guard let function = functions.first(where: { $0.definition.name == program }) else {
            throw TestbedFailure("There is no program \(program)")
        }
        return function
    }
}
