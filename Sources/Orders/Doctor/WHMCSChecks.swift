import HTTP
import WHMCS

/// Whether WHMCS answers, and lets the suite do what it does.
struct WHMCSChecks {
    let settings: ProvisioningSettings
    let whmcs: WHMCSClient
    let hasAccessKey: Bool
    let http: HTTPClient

    func checks() -> [Check] {
        let gateways: Result<[String], WHMCSFailure> = Result { () throws(WHMCSFailure) in try whmcs.paymentMethods() }
        if case .failure(let failure) = gateways, !failure.isAnswer {
            return [
                .failed("WHMCS", Problem(failure)),
                .notChecked("WHMCS payment method and actions", "WHMCS did not answer the first call"),
            ]
        }
        return [answers, paymentMethod(gateways)] + actions()
    }

    private var answers: Check {
        let address =
            "it allows this call's address, and checks that of each call: without \"accesskey\" in the credentials, the"
            + " functions need a fixed one"
        return .passed("WHMCS", hasAccessKey ? "it answers, and has the access key" : address)
    }

    private func paymentMethod(_ gateways: Result<[String], WHMCSFailure>) -> Check {
        let name = "WHMCS payment method"
        guard let method = settings.paymentMethod else { return .passed(name, "each client's own") }
        do {
            let gateways = try gateways.get()
            guard !gateways.contains(method) else { return .passed(name, method) }
            return .failed(
                name,
                Problem(
                    "WHMCS has no active gateway \(method); it has \(gateways.sorted().joined(separator: ", "))",
                    help: "Set WHMCS_PAYMENT_METHOD to one of these, or activate the gateway in WHMCS."))
        } catch .permission {
            return .notChecked(name, "the API role does not allow GetPaymentMethods", help: "Allow it in the API role.")
        } catch { return .failed(name, Problem(error)) }
    }

    /// Two calls at once: WHMCS is PHP on one host.
    private func actions() -> [Check] {
        let probes = Probe.all.filter { $0.action != "GetPayMethods" || settings.requiresPayMethod }
        let looks = probes.map { probe in { [action(probe)] } }
        let (first, second) = (looks.prefix(looks.count / 2), looks.dropFirst(looks.count / 2))
        return http.together([{ first.flatMap { $0() } }, { second.flatMap { $0() } }])
    }

    private func action(_ probe: Probe) -> Check {
        Check("WHMCS \(probe.action)") {
            switch try whmcs.result(of: probe) {
            case .allowed: return nil
            case .notAllowed: throw WHMCSFailure.permission(action: probe.action)
            case .unknown: throw Problem("this WHMCS has no such action", help: "Update WHMCS.")
            case .carriedOut:
                throw Problem(
                    "WHMCS accepted the action for an id that nobody has",
                    help:
                        "Look at WHMCS's newest orders at once, and do not use this WHMCS before its answer is explained."
                )
            }
        }
    }
}

extension WHMCSFailure {
    /// Whether WHMCS itself has answered a caller that it accepts.
    fileprivate var isAnswer: Bool {
        if case .permission = self { return true }
        return !isOutage && !isRefusalOfCaller
    }
}
