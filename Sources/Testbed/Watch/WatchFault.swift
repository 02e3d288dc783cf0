import JSON

/// A fault that the page switches on and off.
enum WatchFault: String, Sendable, CaseIterable {
    case whmcsDown = "whmcs-down"
    case whmcsSlow = "whmcs-slow"
    case whmcsRefuses = "whmcs-refuses"
    case addOrderUnanswered = "add-order-unanswered"
    case moduleFails = "module-fails"
    case salesforceDown = "salesforce-down"
    case salesforceSlow = "salesforce-slow"
    case salesforceRefuses = "salesforce-refuses"
    case tokenRefused = "token-refused"

    private static let delay = Fault.delayThenAct(milliseconds: 2000)

    fileprivate func apply(to salesforce: SalesforceSimulator, _ whmcs: WHMCSSimulator) {
        switch self {
        case .whmcsDown: whmcs.failNext(.maintenance, times: .max)
        case .whmcsSlow: whmcs.failNext(Self.delay, times: .max)
        case .whmcsRefuses:
            whmcs.failNext(.answer(403, #"{"result":"error","message":"Authentication Failed"}"#), times: .max)
        case .addOrderUnanswered: whmcs.failNext(.actThenDrop, on: "AddOrder", times: .max)
        case .moduleFails:
            whmcs.update { state in
                for product in state.products { state.moduleErrors[product.pid] = "The server does not answer" }
            }
        case .salesforceDown: salesforce.failNext(.maintenance, times: .max)
        case .salesforceSlow: salesforce.failNext(Self.delay, times: .max)
        case .salesforceRefuses:
            let error = #"[{"errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"Frozen","fields":[]}]"#
            salesforce.failNext(.answer(400, error), on: "PATCH ", times: .max)
        case .tokenRefused:
            let error = #"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#
            salesforce.failNext(.answer(400, error), on: "/services/oauth2/token", times: .max)
        }
    }
}

/// The faults that are on. To switch one also removes the simulators' other faults, such as those that curl has added.
struct WatchFaults: Sendable {
    private let salesforce: SalesforceSimulator
    private let whmcs: WHMCSSimulator
    private let switchedOn = Monitor<Set<WatchFault>>([])

    init(_ salesforce: SalesforceSimulator, _ whmcs: WHMCSSimulator) {
        self.salesforce = salesforce
        self.whmcs = whmcs
    }

    func isOn(_ fault: WatchFault) -> Bool { switchedOn.with { $0.contains(fault) } }

    func switchFault(_ fault: WatchFault, on isOn: Bool) {
        switchedOn.with { faults in
            if isOn { faults.insert(fault) } else { faults.remove(fault) }
            salesforce.clearFaults()
            whmcs.clearFaults()
            whmcs.update { $0.moduleErrors = [:] }
            // The first of a call's faults decides: a server that is down is not slow.
            for fault in WatchFault.allCases where faults.contains(fault) { fault.apply(to: salesforce, whmcs) }
        }
        // With the server that the module needs, a person repairs what failed meanwhile.
        if fault == .moduleFails, !isOn { whmcs.update { $0.retryModuleQueue() } }
    }
}
