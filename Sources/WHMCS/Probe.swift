/// An action, called in a way that WHMCS refuses before it acts: its ids are nobody's. The refusal shows that the API role
/// allows the action.
public struct Probe: Sendable {
    public var action: String
    var form: WHMCSClient.Form
    var kind: WHMCSClient.Kind

    /// The largest id that WHMCS's tables hold: no install has as many clients, orders or products.
    private static let nobody = "2147483647"

    private static func read(_ action: String, _ name: String) -> Probe {
        Probe(action: action, form: [(name, nobody)], kind: .read)
    }

    private static func write(_ action: String, _ name: String) -> Probe {
        Probe(action: action, form: [(name, nobody)], kind: .write)
    }

    /// Every action that the suite uses, but for GetPaymentMethods, which needs no id.
    ///
    /// WHMCS answers AddOrder for an unknown client with `Client ID Not Found`; without a product it would refuse an order
    /// of a known client, too (`No items added to cart so order cannot proceed`). AcceptOrder and CancelOrder of an unknown
    /// order are refused with `Order ID not found or Status not Pending`. The vendor's pages of the actions have these
    /// texts.
    public static let all: [Probe] = [
        .read("GetClientsDetails", "clientid"), .read("GetClientsProducts", "clientid"),
        .read("GetPayMethods", "clientid"), .read("GetProducts", "pid"), .read("GetOrders", "id"),
        .read("GetModuleQueue", "relatedId"), .write("AddOrder", "clientid"), .write("AcceptOrder", "orderid"),
        .write("CancelOrder", "orderid"),
    ]
}

extension WHMCSClient {
    public enum ProbeResult: Sendable, Equatable {
        case allowed
        /// The API role does not allow it.
        case notAllowed
        /// This version of WHMCS does not have it.
        case unknown
        /// WHMCS did what it should have refused.
        case carriedOut
    }

    /// Whether the credentials may use the action.
    ///
    /// - Throws: when there was no answer that shows it.
    public func result(of probe: Probe) throws(WHMCSFailure) -> ProbeResult {
        do {
            _ = try call(probe.action, probe.form, probe.kind)
            return probe.kind == .read ? .allowed : .carriedOut
        } catch {
            switch error {
            case .permission: return .notAllowed
            case .other(_, let message, _) where message.lowercased().hasPrefix("invalid api action"): return .unknown
            case _ where error.isOutage || error.isRefusalOfCaller: throw error
            default: return .allowed
            }
        }
    }
}
