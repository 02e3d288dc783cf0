import Foundation

/// What the fault proxy does to one outbound call, or to the program that makes it.
public enum InjectedFault: Sendable, Hashable {
    /// Damages the connection or the response.
    case response(Fault)
    /// Forwards the call, and withholds the response until the run is over.
    case withheld
    /// Forwards the call so many seconds after the run, when another run may be at work.
    case late(by: TimeInterval)
    /// Kills the program before it forwards the call, and never forwards it.
    case killedBefore
    /// Forwards the call, and kills the program before it has the response.
    case killedAfter
    /// Kills the program, and forwards the call so many seconds later, when another run may have ended.
    case killedLate(by: TimeInterval)
    /// Forwards the call. From then on the service refuses connections until the run is over, and closes those that are
    /// open.
    case thenRefuses(OutboundCall.Service)

    /// Whether it kills the program.
    public var isKill: Bool {
        switch self {
        case .killedBefore, .killedAfter, .killedLate: true
        case .response, .withheld, .late, .thenRefuses: false
        }
    }
}
