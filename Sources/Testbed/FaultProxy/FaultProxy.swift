import Foundation

/// Stands between the programs and everything they call, and says what goes wrong there.
///
/// A test gives it a rule, and reads afterwards which calls were made and which of them met trouble.
public final class Interposer: Sendable {
    /// Decides about a call before it is carried out; nil lets it through. Called from many threads at once.
    public typealias Rule = @Sendable (OutsideCall) -> Trouble?

    /// The action of the call that stands for a process's start, which every run of a new process begins with. Nothing
    /// can go wrong with it but `.thenRefuses`.
    public static let start = "start"

    public struct Incident: Sendable {
        public var call: OutsideCall
        public var trouble: Trouble
    }

    /// A call that was carried out, and its bodies.
    public struct Exchange: Sendable {
        public var call: OutsideCall
        public var sent: [UInt8]
        public var received: [UInt8]
    }

    private struct State {
        var rule: Rule = { _ in nil }
        var calls: [OutsideCall] = []
        var exchanges: [Exchange] = []
        var incidents: [Incident] = []
        var held = 0
        var runs: [String: Int] = [:]
        var upstreams: [OutsideCall.Service: String] = [:]
    }

    private let state = Monitor(State())

    public init() {}

    /// What applies from now on. Forgets the calls, exchanges and incidents so far.
    public func follow(_ rule: @escaping Rule) {
        state.with {
            $0.rule = rule
            $0.calls = []
            $0.exchanges = []
            $0.incidents = []
        }
    }

    /// Every call since the last rule, in the order of arrival, starts of processes included.
    public var calls: [OutsideCall] { state.with { $0.calls } }
    /// Every call since the last rule that was carried out and answered, in the order of the answers.
    public var exchanges: [Exchange] { state.with { $0.exchanges } }
    /// Every call since the last rule that met trouble.
    public var incidents: [Incident] { state.with { $0.incidents } }

    /// Whether calls of programs that were killed are still to be carried out.
    public var holdsCalls: Bool { state.with { $0.held > 0 } }

    /// Carries a call out in that many s. Nobody waits for it: the door it came by closes behind the program.
    func later(_ seconds: Double, _ carryOut: @escaping @Sendable () -> Void) {
        state.with { $0.held += 1 }
        Thread.detachNewThread { [self] in
            Thread.sleep(forTimeInterval: seconds)
            carryOut()
            state.with { $0.held -= 1 }
        }
    }

    /// Where the real services are; the stack says so when it starts.
    func stand(before upstreams: [OutsideCall.Service: String]) {
        state.with { $0.upstreams = upstreams }
    }

    func nextRun(of program: String) -> Int {
        state.with {
            $0.runs[program, default: 0] += 1
            return $0.runs[program, default: 0]
        }
    }

    func trouble(for call: OutsideCall) -> Trouble? {
        let rule = state.with {
            $0.calls.append(call)
            return $0.rule
        }
        guard let trouble = rule(call) else { return nil }
        state.with { $0.incidents.append(Incident(call: call, trouble: trouble)) }
        return trouble
    }

    func note(_ exchange: Exchange) {
        state.with { $0.exchanges.append(exchange) }
    }

    /// The address behind the door of that service; the local AWS when it has none of its own.
    func upstream(_ service: OutsideCall.Service) -> String {
        state.with { $0.upstreams[service] ?? $0.upstreams[.aws] ?? "" }
    }
}
